using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Authentication;
using Holdfast.Agents.Messages;

namespace Holdfast.Providers.Messaging;

/// <summary>One POST of JSON to an address of the operator's: no redirect is followed, and of the answer only the status is read.</summary>
internal static class Posting
{
    private const int LargestAnswer = 64 * 1024;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    // One for the process: it keeps connections, and looks names up anew.
    private static readonly HttpClient Client = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        MaxResponseDrainSize = LargestAnswer,
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
    })
    { Timeout = Timeout.InfiniteTimeSpan };

    /// <summary>Whether something may be posted there: encrypted, or to this machine; nobody's password in it.</summary>
    public static bool IsAllowed(Uri address) =>
        (address.Scheme == Uri.UriSchemeHttps || (address.Scheme == Uri.UriSchemeHttp && address.IsLoopback)) && address.UserInfo.Length == 0;

    /// <param name="place">What errors call it; its address holds a secret.</param>
    /// <exception cref="ChannelException">It was not taken.</exception>
    public static async Task SendAsync(string place, Uri address, byte[] json, IEnumerable<KeyValuePair<string, string>> headers, TimeProvider time, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, address) { Content = new ByteArrayContent(json) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        foreach (var (name, value) in headers)
        {
            request.Headers.Add(name, value);
        }

        using var patience = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, patience.Token);
        try
        {
            using var response = await Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            if (!response.IsSuccessStatusCode)
            {
                throw Refused(place, response, time);
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new ChannelException($"{place} did not answer within {Patience.TotalSeconds} s. Check that it is up.");
        }
        catch (HttpRequestException e)
        {
            // Without the exception: it may name the address.
            throw new ChannelException(e.GetBaseException() switch
            {
                AuthenticationException => $"{place} has no certificate that this machine trusts for that name. Mend the certificate, or have its issuer trusted here.",
                SocketException socket => $"{place} could not be reached ({socket.SocketErrorCode}). Check the address.",
                _ => $"{place} ended the connection before it answered ({e.HttpRequestError}). Check what listens there.",
            });
        }
    }

    private static ChannelException Refused(string place, HttpResponseMessage response, TimeProvider time)
    {
        var status = (int)response.StatusCode;
        return response.StatusCode switch
        {
            HttpStatusCode.TooManyRequests when Wait(response, time) is { } wait => new($"{place} asks to be left alone for {Math.Ceiling(wait.TotalSeconds)} s (429)."),
            HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout or >= HttpStatusCode.InternalServerError => new($"{place} did not take it now ({status}). Look into its log."),
            < HttpStatusCode.BadRequest => new($"{place} sends elsewhere ({status}), which is not followed. Give the address that it leads to.", isFinal: true),
            _ => new($"{place} refuses it ({status}). Check that the address is still in use.", isFinal: true),
        };
    }

    private static TimeSpan? Wait(HttpResponseMessage response, TimeProvider time) => response.Headers.RetryAfter switch
    {
        { Delta: { } wait } => wait,
        { Date: { } date } when date > time.GetUtcNow() => date - time.GetUtcNow(),
        _ => null,
    };
}
