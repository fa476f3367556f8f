using Holdfast.Agents.Models;
using Microsoft.Extensions.AI;

namespace Holdfast.Providers.OpenAI;

/// <summary>The model's own no. It is a reply, and not text: whoever reads the text as the answer must not take it for one.</summary>
internal static class Refusal
{
    public static ErrorContent Of(string text) => new(text) { ErrorCode = ReplyPart.RefusalKind };
}
