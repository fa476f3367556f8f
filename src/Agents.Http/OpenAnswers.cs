using System.Globalization;
using Holdfast.Agents.Identity;
using Microsoft.AspNetCore.Http;

namespace Holdfast.Agents.Http;

/// <summary>The streams and waits that are open, each of which looks into the store again and again: so many at once for each principal.</summary>
internal sealed class OpenAnswers(int most)
{
    private readonly Lock gate = new();
    private readonly Dictionary<(string Tenant, string Id), int> open = [];

    /// <returns>Ends it.</returns>
    /// <exception cref="ProblemException">The principal has as many as it may.</exception>
    public IDisposable Open(Principal principal)
    {
        var owner = (principal.Tenant, principal.Id);
        lock (gate)
        {
            var count = open.GetValueOrDefault(owner);
            if (count >= most)
            {
                throw new ProblemException(Problem.Of(StatusCodes.Status429TooManyRequests, string.Create(CultureInfo.InvariantCulture,
                    $"{principal.Id} has {most} streams and waits open, and may have no more at once. Nothing was done; end one, or ask without a wait.")) with
                { RetryAfter = 1 });
            }

            open[owner] = count + 1;
        }

        return new One(this, owner);
    }

    private void Close((string Tenant, string Id) owner)
    {
        lock (gate)
        {
            if (--open[owner] == 0)
            {
                open.Remove(owner);
            }
        }
    }

    private sealed class One(OpenAnswers all, (string Tenant, string Id) owner) : IDisposable
    {
        private int ended;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref ended, 1) == 0)
            {
                all.Close(owner);
            }
        }
    }
}
