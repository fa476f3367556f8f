namespace Holdfast.Durable.Testing.Scenarios;

internal static class Sizes
{
    public static readonly IReadOnlyList<Scenario> All =
    [
        Scenario.Of(0, Capabilities.None, PayloadsUpToTheLimitPassUnchanged),
        Scenario.Of(0, Capabilities.None, APayloadOverTheLimitIsRefusedWithTheLimit),
        Scenario.Of(0, Capabilities.None, AResultOverTheLimitIsAFailedStep),
        Scenario.Of(0, Capabilities.None, NothingPassesAsNothing),
    ];

    // A string of ASCII is as many bytes of JSON as characters, and two quotes.
    private static string Bytes(int size) => new('x', size - 2);

    private static async Task PayloadsUpToTheLimitPassUnchanged(EngineFixture engine)
    {
        await StartEchoing(engine);
        foreach (var size in (int[])[2, (64 * 1024) - 1, 64 * 1024, (64 * 1024) + 1, Payloads.DefaultLimit])
        {
            var text = Bytes(size);
            var id = await engine.BeginAsync("echo", text);
            await engine.RaiseAsync(id, "more", text);
            Expect.Equal(text, await engine.OutputAsync<string>(id), $"the echo of {size} bytes through input, step, event and output");
        }

        // The limit counts bytes of UTF-8, however the characters are written.
        var mixed = "ü€😀\n\0\"\\" + new string('z', 1000);
        var odd = await engine.BeginAsync("echo", mixed);
        await engine.RaiseAsync(odd, "more", mixed);
        Expect.Equal(mixed, await engine.OutputAsync<string>(odd), "the echo of odd characters");
    }

    private static async Task APayloadOverTheLimitIsRefusedWithTheLimit(EngineFixture engine)
    {
        await StartEchoing(engine);
        var text = Bytes(Payloads.DefaultLimit + 1);
        var refused = await Expect.ThrowsAsync<PayloadTooLargeException>(() => engine.BeginAsync("echo", text, "e"), "an input over the limit");
        Expect.Equal((Payloads.DefaultLimit + 1L, (long)Payloads.DefaultLimit), (refused.Size, refused.Limit), "size and limit");
        Expect.True(await engine.Client.GetInstanceAsync("e") is null, "nothing to have been started");
        await engine.BeginAsync("echo", "small", "e");
        await Expect.ThrowsAsync<PayloadTooLargeException>(() => engine.RaiseAsync("e", "more", text), "an event over the limit");
        await engine.RaiseAsync("e", "more", "small");
        Expect.Equal("small", await engine.OutputAsync<string>("e"), "the output");
    }

    private static async Task AResultOverTheLimitIsAFailedStep(EngineFixture engine)
    {
        await engine.StartAsync(r => r
            .Orchestrator<int, string>("large", async (context, _) =>
            {
                try
                {
                    return await context.CallActivityAsync<string>("large");
                }
                catch (TaskFailedException e) when (e.FailureDetails.IsCausedBy<PayloadTooLargeException>())
                {
                    return "refused";
                }
            })
            .Activity<int, string>("large", (_, _) => Bytes(Payloads.DefaultLimit + 1)));
        Expect.Equal("refused", await engine.RunAsync<string>("large"), "what the orchestrator met");
    }

    private static async Task NothingPassesAsNothing(EngineFixture engine)
    {
        await engine.StartAsync(r => r
            .Orchestrator<string?, string>("nothing", async (context, input) =>
            {
                var result = await context.CallActivityAsync<string?>("null", input);
                var sent = await context.WaitForExternalEvent<string?>("null");
                var empty = await context.CallActivityAsync<string>("empty", string.Empty);
                return $"{input is null} {result is null} {sent is null} {empty.Length}";
            })
            .Activity<string?, string?>("null", (_, input) => input)
            .Activity<string, string>("empty", (_, input) => input));
        await engine.BeginAsync("nothing", null, "n");
        await engine.RaiseAsync("n", "null");
        Expect.Equal("True True True 0", await engine.OutputAsync<string>("n"), "nothing as input, result and event, and an empty string");
    }

    private static Task StartEchoing(EngineFixture engine) => engine.StartAsync(r => r
        .Orchestrator<string, string>("echo", async (context, input) =>
        {
            var echo = await context.CallActivityAsync<string>("echo", input);
            var more = await context.WaitForExternalEvent<string>("more");
            return echo == input && more == input ? echo : "changed";
        })
        .Activity<string, string>("echo", (_, input) => input));
}
