using System.ComponentModel;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;

namespace Holdfast.Agents.Tools;

/// <summary>A method's parameters: the schema that the model sees, and the values that the method is called with.</summary>
internal sealed class ToolParameters
{
    private readonly ParameterInfo[] parameters;
    private readonly NullabilityInfoContext nullability = new();

    public ToolParameters(MethodInfo method)
    {
        parameters = method.GetParameters();
        var generated = GenerateFrom(method);
        var properties = new JsonObject();
        var required = new JsonArray();
        foreach (var parameter in parameters.Where(p => !IsFilledIn(p)))
        {
            properties.Add(parameter.Name!, SchemaOf(parameter, generated[parameter.Name!]));
            if (!parameter.IsOptional && !IsNullable(parameter))
            {
                required.Add(parameter.Name);
            }
        }

        var schema = new JsonObject { ["type"] = "object", ["properties"] = properties, ["additionalProperties"] = false };
        if (required.Count > 0)
        {
            schema["required"] = required;
        }

        Schema = JsonSerializer.SerializeToElement(schema);
    }

    public JsonElement Schema { get; }

    /// <summary>Reads the arguments into the method's order.</summary>
    /// <exception cref="NotDoneException">A value that its type cannot hold; the message starts with the parameter's name.</exception>
    public object?[] Bind(JsonElement arguments, ToolContext? context, CancellationToken cancellation) =>
        [.. parameters.Select(p =>
            p.ParameterType == typeof(ToolContext) ? context
            : p.ParameterType == typeof(CancellationToken) ? cancellation
            : arguments.TryGetProperty(p.Name!, out var value) ? Read(p, value)
            : DefaultOf(p))];

    private static object? Read(ParameterInfo parameter, JsonElement value)
    {
        try
        {
            return value.Deserialize(parameter.ParameterType, ToolJson.Options);
        }
        catch (Exception e)
        {
            // A converter or a constructor of the tool's own type may throw what it likes for a value it does not take.
            throw new NotDoneException($"{parameter.Name}: not a value that it can hold. Send one that fits: {e.Message}", e);
        }
    }

    private static JsonObject GenerateFrom(MethodInfo method) => JsonNode.Parse(AIJsonUtilities.CreateFunctionJsonSchema(
        method, title: "", description: "", serializerOptions: ToolJson.Options,
        inferenceOptions: new AIJsonSchemaCreateOptions { IncludeParameter = parameter => !IsFilledIn(parameter) })
        .GetRawText())!["properties"]?.AsObject() ?? [];

    private static JsonObject GenerateFrom(Type type) => JsonNode.Parse(AIJsonUtilities.CreateJsonSchema(
        type, serializerOptions: ToolJson.Options,
        inferenceOptions: new AIJsonSchemaCreateOptions { TransformOptions = new() { DisallowAdditionalProperties = true } })
        .GetRawText()) as JsonObject
        // A type that holds any JSON has the schema `true`, which has no place for a description.
        ?? [];

    // The generator sees a parameter's annotations ([Range], [MaxLength], [Description]) only when it is given the method, but lets the
    // parameter's nullability leak into everything inside it then: the type's own schema it is, with the annotations added.
    private JsonObject SchemaOf(ParameterInfo parameter, JsonNode? annotated)
    {
        var schema = GenerateFrom(parameter.ParameterType);
        schema.Remove("$schema");
        schema["description"] = parameter.GetCustomAttribute<DescriptionAttribute>()?.Description;
        foreach (var (keyword, value) in (annotated as JsonObject ?? []).Where(k => k.Key != "default" && !schema.ContainsKey(k.Key)))
        {
            schema[keyword] = value?.DeepClone();
        }

        if (IsNullable(parameter))
        {
            AllowNull(schema);
        }

        if (parameter.IsOptional)
        {
            schema["default"] = JsonSerializer.SerializeToNode(DefaultOf(parameter), parameter.ParameterType, ToolJson.Options);
        }

        return schema;
    }

    private static void AllowNull(JsonObject schema)
    {
        if (schema["type"] is JsonValue type && type.GetValue<string>() != "null")
        {
            schema["type"] = new JsonArray(type.GetValue<string>(), "null");
        }

        if (schema["enum"] is JsonArray values && !values.Any(v => v is null))
        {
            values.Add((JsonNode?)null);
        }
    }

    private bool IsNullable(ParameterInfo parameter) => nullability.Create(parameter).WriteState == NullabilityState.Nullable;

    // `default` of a struct is recorded as null.
    private static object? DefaultOf(ParameterInfo parameter) =>
        parameter.HasDefaultValue && parameter.DefaultValue is { } value
            ? EnumOf(parameter.ParameterType, value)
            : parameter.ParameterType.IsValueType ? Activator.CreateInstance(parameter.ParameterType) : null;

    // Reflection gives the default of a nullable enum as its number.
    private static object EnumOf(Type type, object value) =>
        (Nullable.GetUnderlyingType(type) ?? type) is { IsEnum: true } known ? Enum.ToObject(known, value) : value;

    public static bool IsFilledIn(ParameterInfo parameter) =>
        parameter.ParameterType == typeof(ToolContext) || parameter.ParameterType == typeof(CancellationToken);
}
