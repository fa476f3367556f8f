using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;

namespace Holdfast.Host.Functions;

/// <summary>The way in from outside: one route for everything, because the Functions host's precedence of routes is not ASP.NET's; and a timer.</summary>
public sealed class HostFunctions(FunctionsRuntime runtime)
{
    /// <summary>Who may call what is the API's business, so no function key is asked for.</summary>
    [Function("Api")]
    public async Task<IActionResult> ApiAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, Route = "{*path}")] HttpRequest request, [DurableClient] DurableTaskClient client)
    {
        await runtime.ServeAsync(request.HttpContext, client);
        return new EmptyResult(); // answered already
    }

    /// <summary>Every minute, also after the app was scaled to zero.</summary>
    [Function("Sweep")]
    public Task SweepAsync([TimerTrigger("0 * * * * *")] TimerInfo timer, [DurableClient] DurableTaskClient client) => runtime.SweepAsync(client);
}
