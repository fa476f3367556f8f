using System.Net.Http.Headers;
using System.Text;

namespace Holdfast.Agents.Http.Tests;

public sealed class MutatedInputTests(ApiServer server) : IClassFixture<ApiServer>
{
    private static readonly string[] Bodies =
    [
        """{"agent": "refund-desk", "input": "hello", "requestedBy": "ben", "metadata": {"ticket": "47", "team": "a"}}""",
        """{"decision": "approve", "reason": "It is broken.", "result": {"a": [1, 2.5, null, true, "x"]}}""",
        "{}",
    ];

    private static readonly string[] Pieces =
        ["\0", "\"", "\\", "{", "}", "[", "]", ",", ":", "null", "1e999", "-0", "\\ud800", "\\u0000", "😀", "\u202e", "true", "0.1000000000000000000001", "[[[[", "\"decision\":"];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task NoBodyIsAFaultOfOurs(int seed)
    {
        var random = new Random(seed);
        var (run, approval) = await server.Anna.AskAsync("refund-desk");
        foreach (var route in HoldfastApi.Routes.Where(route => route.Method == "POST"))
        {
            var path = route.Path.Replace("{id}", route.Path.Contains("/approvals/", StringComparison.Ordinal) ? approval : run, StringComparison.Ordinal);
            for (var i = 0; i < 100; i++)
            {
                var body = Mutated(random);
                var content = new ByteArrayContent(body);
                content.Headers.ContentType = new MediaTypeHeaderValue("application/json");

                var reply = await server.Anna.SendAsync(HttpMethod.Post, path, content);

                Assert.True((int)reply.Status < 500, $"Seed {seed}: {path} answered {reply.Status} to {Convert.ToBase64String(body)}: {reply.Text}");
            }
        }
    }

    private static byte[] Mutated(Random random)
    {
        if (random.Next(5) == 0)
        {
            var noise = new byte[random.Next(200)];
            random.NextBytes(noise);
            return noise;
        }

        var text = new StringBuilder(Bodies[random.Next(Bodies.Length)]);
        for (var changes = random.Next(4); changes > 0; changes--)
        {
            var at = random.Next(text.Length + 1);
            if (random.Next(2) == 0 && at < text.Length)
            {
                text.Remove(at, Math.Min(random.Next(1, 8), text.Length - at));
            }
            else
            {
                text.Insert(at, Pieces[random.Next(Pieces.Length)]);
            }
        }

        var bytes = Encoding.UTF8.GetBytes(text.ToString());
        if (bytes.Length > 0 && random.Next(4) == 0)
        {
            bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
        }

        return bytes;
    }
}
