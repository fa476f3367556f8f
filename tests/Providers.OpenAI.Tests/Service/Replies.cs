namespace Holdfast.Providers.OpenAI.Tests.Service;

/// <summary>Replies in the shape the services send them.</summary>
internal static class Replies
{
    public const string Text = """{"id":"msg_1","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","text":"Hello.","annotations":[]}]}""";

    /// <summary>A whole reply of the Responses API with the given output items.</summary>
    public static Reply Responses(params string[] items) => Response("completed", items);

    public static Reply Incomplete(string reason, params string[] items) =>
        Response("incomplete", items, incomplete: $$"""{"reason":"{{reason}}"}""");

    public static Reply Failed(string code) =>
        Response("failed", [], error: $$"""{"code":"{{code}}","message":"The service's own sentence."}""");

    public static string Call(string arguments, string status = "completed") =>
        $$"""{"id":"fc_1","type":"function_call","status":"{{status}}","call_id":"call_1","name":"issue_refund","arguments":{{Quoted(arguments)}} }""";

    public static string Reasoning(string id, string encrypted, string summary = "") =>
        $$"""{"id":"{{id}}","type":"reasoning","encrypted_content":"{{encrypted}}","summary":[{{(summary.Length == 0 ? "" : $$"""{"type":"summary_text","text":"{{summary}}"}""")}}]}""";

    /// <summary>A reply of the Chat Completions API with the given message and ending.</summary>
    public static Reply Completion(string message, string finishReason = "stop") => new($$"""
        {"id":"chatcmpl-1","object":"chat.completion","created":1760000000,"model":"gpt-served-2026",
         "choices":[{"index":0,"message":{{message}},"logprobs":null,"finish_reason":"{{finishReason}}"}],
         "usage":{"prompt_tokens":120,"completion_tokens":30,"total_tokens":150,
                  "prompt_tokens_details":{"cached_tokens":100,"audio_tokens":0},
                  "completion_tokens_details":{"reasoning_tokens":20,"audio_tokens":0} } }
        """);

    public const string CompletionText = """{"role":"assistant","content":"Hello.","refusal":null}""";

    public static string CompletionCall(string arguments) =>
        $$$"""{"role":"assistant","content":null,"refusal":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"issue_refund","arguments":{{{Quoted(arguments)}}} }}]}""";

    /// <summary>A plain answer of either API.</summary>
    public static Reply Plain(OpenAIApi api) => api == OpenAIApi.Responses ? Responses(Text) : Completion(CompletionText);

    /// <summary>A tool call of either API.</summary>
    public static Reply ToolCall(OpenAIApi api, string arguments) =>
        api == OpenAIApi.Responses ? Responses(Call(arguments)) : Completion(CompletionCall(arguments), "tool_calls");

    private static Reply Response(string status, string[] items, string error = "null", string incomplete = "null") => new($$"""
        {"id":"resp_1","object":"response","created_at":1760000000,"status":"{{status}}","error":{{error}},"incomplete_details":{{incomplete}},
         "instructions":null,"max_output_tokens":null,"model":"gpt-served-2026","output":[{{string.Join(',', items)}}],
         "parallel_tool_calls":true,"previous_response_id":null,"store":false,"temperature":1,"text":{"format":{"type":"text"} },
         "tool_choice":"auto","tools":[],"top_p":1,"truncation":"disabled","metadata":{},
         "usage":{"input_tokens":120,"input_tokens_details":{"cached_tokens":100},"output_tokens":30,
                  "output_tokens_details":{"reasoning_tokens":20},"total_tokens":150} }
        """);

    private static string Quoted(string text) => System.Text.Json.JsonSerializer.Serialize(text);
}
