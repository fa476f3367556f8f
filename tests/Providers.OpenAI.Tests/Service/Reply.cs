namespace Holdfast.Providers.OpenAI.Tests.Service;

/// <summary>What the service answers to one request.</summary>
internal sealed record Reply(string Body, int Status = 200)
{
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();

    /// <summary>Promises the whole body, sends half of it and drops the connection.</summary>
    public bool Cut { get; init; }

    /// <summary>Sends nothing until the client has gone.</summary>
    public bool Silent { get; init; }

    public static Reply Error(int status, string code, string message = "The service's own sentence.", string? param = null) => new(
        $$$"""{"error":{"message":"{{{message}}}","type":"some_type","param":{{{(param is null ? "null" : $"\"{param}\"")}}},"code":"{{{code}}}"}}""", status);

    public Reply With(string header, string value) => this with { Headers = new Dictionary<string, string>(Headers) { [header] = value } };
}
