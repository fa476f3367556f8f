using System.Text.Json;
using Holdfast.Agents.Models.Scripted;
using Holdfast.Agents.Tools;
using Microsoft.Extensions.AI;

namespace Holdfast.RefundDesk.Tests;

/// <summary>The example's script talking to the example's tools, without a run around them.</summary>
internal static class Desk
{
    public static string Folder { get; } = Path.Combine(AppContext.BaseDirectory, "agents", "refund-desk");

    public static ToolContext Context(int call) => new("local", "run_1", "refund-desk", "anna", $"key_{call}", 1);

    /// <summary>Talks until the model calls no tool.</summary>
    /// <param name="rejects">A tool whose calls a person rejects.</param>
    /// <returns>The tools called, in order, and the last words.</returns>
    public static async Task<(string Calls, string Words)> TalkAsync(Toolbox tools, string input, string? rejects = null)
    {
        using var model = new ScriptedModel(Script.Load(Folder));
        List<ChatMessage> messages = [new(ChatRole.User, input)];
        List<string> called = [];
        while (called.Count < 10)
        {
            var response = await model.GetResponseAsync(messages);
            messages.AddRange(response.Messages);
            var calls = response.Messages.SelectMany(message => message.Contents).OfType<FunctionCallContent>().ToList();
            if (calls.Count == 0)
            {
                return (string.Join(" ", called), response.Text);
            }

            foreach (var call in calls)
            {
                called.Add(call.Name);
                messages.Add(new(ChatRole.Tool, [new FunctionResultContent(call.CallId, await ResultAsync(tools, call, called.Count, rejects))]));
            }
        }

        throw new InvalidOperationException($"The script goes round: {string.Join(" ", called)}.");
    }

    private static async Task<string> ResultAsync(Toolbox tools, FunctionCallContent call, int number, string? rejects)
    {
        if (call.Name == rejects)
        {
            return """{"error":"rejected","message":"A person rejected this call."}""";
        }

        Assert.True(tools.TryFind(call.Name, out var tool));
        try
        {
            return (await tool.InvokeAsync(JsonSerializer.SerializeToElement(call.Arguments), Context(number), CancellationToken.None)).GetRawText();
        }
        catch (NotDoneException e)
        {
            return JsonSerializer.Serialize(new { error = "notDone", message = e.Message });
        }
    }
}
