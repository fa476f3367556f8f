using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace Holdfast.Agents.Http.Tests;

public sealed class BadInputTests(ApiServer server) : IClassFixture<ApiServer>
{
    private const int Limit = 1024 * 1024;

    private readonly ApiClient anna = server.Anna;

    [Theory]
    [InlineData("", "The body is empty")]
    [InlineData("   \r\n", "The body is empty")]
    [InlineData("{", "not JSON that can be taken")]
    [InlineData("{\"agent\": \"refund-desk\", \"input\": \"x\",}", "not JSON that can be taken")]
    [InlineData("{\"agent\": \"refund-desk\" /* no */, \"input\": \"x\"}", "not JSON that can be taken")]
    [InlineData("{'agent': 'refund-desk'}", "not JSON that can be taken")]
    [InlineData("{\"agent\": \"refund-desk\", \"input\": \"x\"} {}", "not JSON that can be taken")]
    [InlineData("{\"agent\": NaN}", "not JSON that can be taken")]
    [InlineData("{\"agent\": \"refund-desk\", \"input\": \"a\nb\"}", "not JSON that can be taken")]
    [InlineData("[]", "The body is an array. Send a JSON object.")]
    [InlineData("\"x\"", "The body is the string \"x\". Send a JSON object.")]
    [InlineData("null", "The body is null. Send a JSON object.")]
    [InlineData("17", "The body is the number 17. Send a JSON object.")]
    public async Task ABodyThatIsNoJsonObjectIsRefused(string body, string words) => (await anna.PostAsync("/api/runs", body)).IsProblem(400, words);

    [Theory]
    [InlineData("""{"agent": "refund-desk"}""", "input", "input is missing. Give a text.")]
    [InlineData("""{"input": "x"}""", "agent", "agent is missing. Give a text.")]
    [InlineData("""{"agent": "refund-desk", "input": ""}""", "input", "input is empty. Give a text.")]
    [InlineData("""{"agent": "refund-desk", "input": " \n"}""", "input", "input is empty. Give a text.")]
    [InlineData("""{"agent": "refund-desk", "input": 17}""", "input", "input is the number 17. Give a text.")]
    [InlineData("""{"agent": "refund-desk", "input": null}""", "input", "input is missing. Give a text.")]
    [InlineData("""{"agent": ["refund-desk"], "input": "x"}""", "agent", "agent is an array. Give a text.")]
    [InlineData("""{"agent": "refund-desk", "imput": "x"}""", "imput", "Unknown field 'imput'. Did you mean 'input'? Known: agent, input, requestedBy, metadata.")]
    [InlineData("""{"agent": "refund-desk", "input": "x", "workflow": "y"}""", "workflow", "Unknown field 'workflow'. Known: ")]
    [InlineData("""{"agent": "refund-desk", "input": "x", "sessionId": "y"}""", "sessionId", "Unknown field 'sessionId'.")]
    [InlineData("""{"Agent": "refund-desk", "input": "x"}""", "Agent", "Did you mean 'agent'?")]
    [InlineData("""{"agent": "refund-desk", "input": "x", "metadata": []}""", "metadata", "metadata is an array. Give an object of texts.")]
    [InlineData("""{"agent": "refund-desk", "input": "x", "metadata": {"n": 1}}""", "metadata.n", "metadata.n is not a text")]
    [InlineData("""{"agent": "refund-desk", "input": "x", "metadata": {"n": {"m": "v"}}}""", "metadata.n", "metadata.n is not a text")]
    [InlineData("""{"agent": "nobody", "input": "x"}""", "agent", "There is no agent 'nobody'. Agents: board, breaker, ")]
    [InlineData("""{"agent": "../../etc/passwd", "input": "x"}""", "agent", "There is no agent '../../etc/passwd'.")]
    [InlineData("""{"agent": "refund-desk", "input": "x\u0000y"}""", "input", "input has the character U+0000")]
    [InlineData("""{"agent": "refund-desk", "input": "x", "metadata": {"n": "\u0000"}}""", "metadata.n", "none of them U+0000")]
    [InlineData("""{"agent": "refund-desk", "input": "\ud800"}""", "input", "half a surrogate pair")]
    [InlineData("""{"agent": "refund-desk", "input": 1e999}""", "input", "1e999")]
    [InlineData("""{"agent": "refund-desk", "input": "x", "metadata": {"n": -0.00000000000000000000000000000000000000000000000000000000000000000000000000001}}""", "metadata.n", "")]
    public async Task AFieldAtFaultIsNamedWithTheFactAndTheRemedy(string body, string field, string words)
    {
        var reply = await anna.PostAsync("/api/runs", body);

        reply.IsProblem(400, words);
        Assert.Contains(field, reply.Fields);
    }

    [Theory]
    [InlineData("""{"agent": "refund-desk", "input": "x", "input": "y"}""")]
    [InlineData("""{"agent": "refund-desk", "input": "x", "\u0069nput": "y"}""")]
    [InlineData("""{"agent": "refund-desk", "input": "x", "metadata": {"n": "1", "n": "2"}}""")]
    [InlineData("""{"agent": "refund-desk", "input": "x", "\ud800": "y"}""")]
    public async Task AKeyTwiceOrHalfACharacterIsRefused(string body) => (await anna.PostAsync("/api/runs", body)).IsProblem(400);

    [Fact]
    public async Task EverythingThatIsWrongIsSaidAtOnce()
    {
        var reply = await anna.PostAsync("/api/runs", """{"agent": 1, "imput": "x", "metadata": {"n": 2}}""");

        Assert.Equal(["agent", "input", "metadata.n", "imput"], reply.Fields);
    }

    [Fact]
    public async Task AnErrorNeverRepeatsADocument()
    {
        var names = string.Join(',', Enumerable.Range(0, 50_000).Select(i => $"\"f{i}\":1"));
        var many = await anna.PostAsync("/api/runs", $"{{{names}}}");
        var large = await anna.PostAsync("/api/runs", $$"""{"{{new string('n', 500_000)}}": 1, "input": {"{{new string('m', 100_000)}}": 1e999} }""");

        many.IsProblem(400);
        Assert.Equal(20, many.Fields.Length);
        Assert.True(many.Text.Length < 10_000);
        large.IsProblem(400);
        Assert.True(large.Text.Length < 2_000, $"{large.Text.Length} characters.");
    }

    [Theory]
    [InlineData(63, 200)]
    [InlineData(64, 400)]
    [InlineData(65, 400)]
    [InlineData(100_000, 400)]
    public async Task NestingIsTakenTo64LevelsAndRefusedBeyond(int inner, int status)
    {
        var (_, question) = await anna.AskAsync("writer");
        var nested = string.Concat(Enumerable.Repeat("[", inner)) + string.Concat(Enumerable.Repeat("]", inner));

        var reply = await anna.PostAsync($"/api/approvals/{question}/decision", $$"""{"decision": "happened", "result": {{nested}}}""");

        Assert.Equal(status, (int)reply.Status);
    }

    [Fact]
    public async Task BytesThatAreNoUtf8AreRefused()
    {
        byte[] body = [.. "{\"agent\": \"refund-desk\", \"input\": \""u8, 0xC3, 0x28, .. "\"}"u8];

        (await anna.SendAsync(HttpMethod.Post, "/api/runs", Json(body))).IsProblem(400, "The body is not UTF-8.");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ABodyOfExactlyTheLimitIsTakenAndOneByteMoreIsNot(bool chunked)
    {
        var body = Encoding.UTF8.GetBytes("""{"agent": "refund-desk", "input": "hello"}""".PadRight(Limit));

        var taken = await SendAsync(body);
        var refused = await SendAsync([.. body, (byte)' ']);

        Assert.Equal(HttpStatusCode.Accepted, taken.Status);
        refused.IsProblem(413, "larger than 1048576 bytes, the limit");

        Task<Reply> SendAsync(byte[] bytes) => anna.SendAsync(HttpMethod.Post, "/api/runs", chunked ? new Chunked(bytes) : Json(bytes), ("Prefer", "wait=0"));
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/xml")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("multipart/form-data; boundary=x")]
    [InlineData("application/json; charset=utf-16")]
    [InlineData("json")]
    [InlineData(null)]
    public async Task ABodyThatIsNotSaidToBeJsonInUtf8IsRefused(string? type)
    {
        var content = new ByteArrayContent("""{"agent": "refund-desk", "input": "hello"}"""u8.ToArray());
        if (type is not null)
        {
            content.Headers.TryAddWithoutValidation("Content-Type", type);
        }

        (await anna.SendAsync(HttpMethod.Post, "/api/runs", content)).IsProblem(415, "Send JSON");
    }

    [Theory]
    [InlineData("application/json")]
    [InlineData("application/json; charset=UTF-8")]
    [InlineData("application/vnd.example+json")]
    public async Task EveryJsonTypeIsTaken(string type)
    {
        var content = new ByteArrayContent("""{"agent": "refund-desk", "input": "hello"}"""u8.ToArray());
        content.Headers.TryAddWithoutValidation("Content-Type", type);

        Assert.True((await anna.SendAsync(HttpMethod.Post, "/api/runs", content)).Status is HttpStatusCode.OK or HttpStatusCode.Accepted);
    }

    [Fact]
    public async Task ACompressedBodyIsRefusedAsWhatItIs()
    {
        var content = Json("{}"u8.ToArray());
        content.Headers.ContentEncoding.Add("gzip");

        (await anna.SendAsync(HttpMethod.Post, "/api/runs", content)).IsProblem(415, "gzip", "without Content-Encoding");
    }

    [Theory]
    [InlineData("x")]
    [InlineData("run_1")]
    [InlineData("run_00000000000000000000000000%0A")]
    [InlineData("RUN_00000000000000000000000000")]
    [InlineData("apr_00000000000000000000000000")]
    [InlineData("..%2f..%2fetc%2fpasswd")]
    [InlineData("%2e%2e%5c%2e%2e")]
    [InlineData("run_0'%20OR%20'1'='1")]
    [InlineData("%F0%9F%98%80")]
    public async Task AnIdThatIsNoneIsRefusedOnEveryRoute(string id)
    {
        foreach (var (method, path) in HoldfastApi.Routes.Where(route => route.Path.StartsWith("/api/runs/{id}", StringComparison.Ordinal)))
        {
            var reply = await anna.SendAsync(new HttpMethod(method), path.Replace("{id}", id, StringComparison.Ordinal));

            reply.IsProblem(400, "is not an id of this kind", "run_");
            Assert.Equal(["id"], reply.Fields);
        }
    }

    [Fact]
    public async Task ARunThatIsNotThereIsNotFoundOnEveryRoute()
    {
        const string Id = "run_00000000000000000000000000";
        foreach (var (method, path) in HoldfastApi.Routes.Where(route => route.Path.StartsWith("/api/runs/{id}", StringComparison.Ordinal)))
        {
            (await anna.SendAsync(new HttpMethod(method), path.Replace("{id}", Id, StringComparison.Ordinal))).IsProblem(404, $"There is no run '{Id}'.");
        }
    }

    [Fact]
    public async Task AQueryOnARouteThatTakesNoneIsRefused()
    {
        var (run, approval) = await anna.AskAsync("refund-desk");
        foreach (var path in new[] { $"/api/runs/{run}", $"/api/runs/{run}/transcript", $"/api/runs/{run}/events", $"/api/approvals/{approval}" })
        {
            (await anna.GetAsync($"{path}?x=1")).IsProblem(400, "Unknown query parameter 'x'. This path takes none.");
        }

        (await anna.PostAsync("/api/runs?dryRun=true", "{}")).IsProblem(400, "Unknown query parameter 'dryRun'");
    }

    private static ByteArrayContent Json(byte[] bytes)
    {
        var content = new ByteArrayContent(bytes);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return content;
    }

    /// <summary>A body whose length is not said beforehand.</summary>
    private sealed class Chunked : HttpContent
    {
        private readonly byte[] bytes;

        public Chunked(byte[] bytes)
        {
            this.bytes = bytes;
            Headers.ContentType = new MediaTypeHeaderValue("application/json");
        }

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            foreach (var part in bytes.Chunk(50_000))
            {
                await stream.WriteAsync(part);
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
