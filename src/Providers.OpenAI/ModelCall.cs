using System.ClientModel;
using Holdfast.Agents.Models;

namespace Holdfast.Providers.OpenAI;

/// <summary>One call under one deadline, headers and body together, whose every failure is a <see cref="ModelException"/>.</summary>
internal sealed class ModelCall(OpenAIModelOptions options, TimeProvider time)
{
    /// <param name="model">The model asked, for messages.</param>
    /// <param name="call">Sends the request and reads the reply. What it throws beyond the service's own errors counts as a
    /// reply that did not arrive whole, so it must not build the request.</param>
    /// <param name="cancellation">The caller's.</param>
    /// <exception cref="OperationCanceledException">The caller cancelled.</exception>
    public async Task<T> SendAsync<T>(string model, Func<CancellationToken, Task<T>> call, CancellationToken cancellation)
    {
        using var deadline = new CancellationTokenSource(options.Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, deadline.Token);
        try
        {
            return await call(either.Token);
        }
        // A cancelled read surfaces as any of several exceptions; whose cancellation it was is what matters.
        catch (Exception) when (cancellation.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellation);
        }
        catch (Exception e) when (deadline.IsCancellationRequested && e is not ModelException and not ClientResultException { Status: > 0 })
        {
            throw new ModelException(ModelFault.Retry,
                $"Model '{model}' at {options.Host} gave no whole reply within {options.Timeout}. "
                + "If it often thinks longer, raise Timeout or lower Effort or MaxOutputTokens.", inner: e);
        }
        // Not kept as the inner exception: its message is the service's text, which may quote the prompt or the key.
        catch (ClientResultException e) when (e.Status > 0 && e.GetRawResponse() is { } response)
        {
            throw ServiceError.Read(response, options.ApiKey).ToException(model, options, RetryAfter.Read(response.Headers, time));
        }
        catch (Exception e) when (e is not ModelException)
        {
            throw new ModelException(ModelFault.Retry,
                $"Model '{model}' at {options.Host} gave no whole reply ({Innermost(e).GetType().Name}): "
                + "the connection failed, or what came was cut or is not a reply of this API.", inner: e);
        }
    }

    private static Exception Innermost(Exception e) => e.InnerException is { } inner ? Innermost(inner) : e;
}
