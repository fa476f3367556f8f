using Holdfast.Agents.Models;
using Holdfast.Providers.OpenAI.Tests.Service;
using Microsoft.Extensions.AI;

namespace Holdfast.Providers.OpenAI.Tests;

public sealed class FailureTests
{
    public static TheoryData<OpenAIApi> Both => [OpenAIApi.Responses, OpenAIApi.ChatCompletions];

    [Theory]
    [InlineData(400, "unsupported_value", ModelFault.Ours)]
    [InlineData(400, "content_filter", ModelFault.GiveUp)]
    [InlineData(400, "invalid_prompt", ModelFault.GiveUp)]
    [InlineData(400, "context_length_exceeded", ModelFault.GiveUp)]
    [InlineData(401, "invalid_api_key", ModelFault.Ours)]
    [InlineData(402, "none", ModelFault.Ours)]
    [InlineData(403, "unsupported_country_region_territory", ModelFault.Ours)]
    [InlineData(404, "DeploymentNotFound", ModelFault.Ours)]
    [InlineData(408, "Timeout", ModelFault.Retry)]
    [InlineData(409, "conflict", ModelFault.Retry)]
    [InlineData(413, "none", ModelFault.GiveUp)]
    [InlineData(422, "none", ModelFault.Ours)]
    [InlineData(429, "rate_limit_exceeded", ModelFault.Retry)]
    [InlineData(429, "insufficient_quota", ModelFault.Ours)]
    [InlineData(500, "server_error", ModelFault.Retry)]
    [InlineData(501, "none", ModelFault.Ours)]
    [InlineData(503, "overloaded", ModelFault.Retry)]
    public async Task AStatusAndItsCodeSayWhoHasToMove(int status, string code, ModelFault fault)
    {
        await using var service = await RecordedService.StartAsync(Reply.Error(status, code));

        foreach (var api in new[] { OpenAIApi.Responses, OpenAIApi.ChatCompletions })
        {
            Assert.Equal(fault, (await service.Client(api).FailAsync()).Fault);
        }
    }

    [Fact]
    public async Task AnAzureContentFilterInsideAnotherErrorIsFound()
    {
        await using var service = await RecordedService.StartAsync(
            new Reply("""{"error":{"code":"BadRequest","message":"x","innererror":{"code":"ResponsibleAIPolicyViolation"}}}""", 400));

        Assert.Equal(ModelFault.GiveUp, (await service.Client().FailAsync()).Fault);
    }

    [Fact]
    public async Task AServerThatOnlySaysInWordsThatTheContextIsTooLongIsUnderstood()
    {
        await using var service = await RecordedService.StartAsync(
            new Reply("""{"object":"error","message":"This model's maximum context length is 4096 tokens.","type":"BadRequestError","param":null,"code":400}""", 400));

        Assert.Equal(ModelFault.GiveUp, (await service.Client().FailAsync()).Fault);
    }

    [Theory]
    [InlineData(401)]
    [InlineData(404)]
    [InlineData(400)]
    public async Task AnErrorNamesTheModelTheHostAndTheStatus(int status)
    {
        await using var service = await RecordedService.StartAsync(Reply.Error(status, "some_code", param: "temperature"));

        var message = (await service.Client().FailAsync()).Message;

        foreach (var part in new[] { "gpt-asked", "127.0.0.1", $"HTTP {status}", "some_code", "field temperature" })
        {
            Assert.Contains(part, message, StringComparison.Ordinal);
        }
    }

    [Theory, MemberData(nameof(Both))]
    public async Task NeitherKeyNorPromptIsInAnErrorEvenIfTheServiceRepeatsThem(OpenAIApi api)
    {
        const string Prompt = "my-secret-diary";
        await using var service = await RecordedService.StartAsync(
            Reply.Error(400, RecordedService.Key, $"You sent {Prompt} with {RecordedService.Key}", Prompt + " " + Prompt)
                .With("x-request-id", RecordedService.Key));

        var error = (await service.Client(api).FailAsync(Prompt)).ToString();

        Assert.DoesNotContain(Prompt, error, StringComparison.Ordinal);
        Assert.DoesNotContain(RecordedService.Key, error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheServicesRequestIdIsNamedForItsSupport()
    {
        await using var service = await RecordedService.StartAsync(Reply.Error(500, "server_error").With("x-request-id", "req_42"));

        Assert.Contains("request req_42", (await service.Client().FailAsync()).Message, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Both))]
    public async Task AFailureIsAskedOnceAndNotRepeatedHere(OpenAIApi api)
    {
        await using var service = await RecordedService.StartAsync(Reply.Error(503, "overloaded"));

        await service.Client(api).FailAsync();

        Assert.Single(service.Requests);
    }

    [Theory, MemberData(nameof(Both))]
    public async Task ABodyCutShortIsToBeRetried(OpenAIApi api)
    {
        await using var service = await RecordedService.StartAsync(Replies.Plain(api) with { Cut = true });

        Assert.Equal(ModelFault.Retry, (await service.Client(api).FailAsync()).Fault);
    }

    [Theory, MemberData(nameof(Both))]
    public async Task AnErrorWhoseBodyIsCutShortIsNoReplyEither(OpenAIApi api)
    {
        await using var service = await RecordedService.StartAsync(Reply.Error(503, "overloaded") with { Cut = true });

        Assert.Equal(ModelFault.Retry, (await service.Client(api).FailAsync()).Fault);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("<html>busy</html>")]
    [InlineData("""{"id":"resp_1","status":"completed","outp""")]
    [InlineData("""{"id":"resp_1","status":"in_progress","output":[]}""")]
    [InlineData("""{"id":"chatcmpl-1","choices":[]}""")]
    [InlineData("""{"id":"chatcmpl-1","choices":[{"index":0,"finish_reason":"odd","message":{"role":"assistant","content":"x"}}]}""")]
    public async Task ABodyThatIsNoWholeReplyIsToBeRetried(string body)
    {
        await using var service = await RecordedService.StartAsync(new Reply(body));

        foreach (var api in new[] { OpenAIApi.Responses, OpenAIApi.ChatCompletions })
        {
            Assert.Equal(ModelFault.Retry, (await service.Client(api).FailAsync()).Fault);
        }
    }

    [Theory, MemberData(nameof(Both))]
    public async Task AServerThatIsNotThereIsToBeRetried(OpenAIApi api)
    {
        OpenAIModelOptions options;
        await using (var service = await RecordedService.StartAsync(Replies.Plain(api)))
        {
            options = service.Options(api);
        }

        var error = await OpenAIModel.Create(options).FailAsync();

        Assert.Equal(ModelFault.Retry, error.Fault);
        Assert.Contains("gpt-asked", error.Message, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Both))]
    public async Task OurOwnTimeoutIsToBeRetried(OpenAIApi api)
    {
        await using var service = await RecordedService.StartAsync(Replies.Plain(api) with { Silent = true });
        var time = new HeldTime();

        var asking = OpenAIModel.Create(service.Options(api) with { Timeout = TimeSpan.FromMinutes(2) }, time).FailAsync();
        await Task.WhenAny(service.Asked, asking);
        Assert.Equal([TimeSpan.FromMinutes(2)], time.Waiting);
        time.GoOff();

        var error = await asking;
        Assert.Equal(ModelFault.Retry, error.Fault);
        Assert.Contains("00:02:00", error.Message, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Both))]
    public async Task TheCallersCancellationIsNoFailure(OpenAIApi api)
    {
        await using var service = await RecordedService.StartAsync(Replies.Plain(api) with { Silent = true });
        using var cancellation = new CancellationTokenSource();

        var asking = service.Client(api).GetResponseAsync([new ChatMessage(ChatRole.User, "Hi")], cancellationToken: cancellation.Token);
        await Task.WhenAny(service.Asked, asking);
        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
    }
}
