using System.ComponentModel;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Holdfast.Agents.Definitions;

namespace Holdfast.Agents.Tools;

/// <summary>A method marked with <see cref="ToolAttribute"/>, checked and made into a <see cref="Tool"/>.</summary>
internal static class ToolMethod
{
    public static Tool Read(object instance, MethodInfo method, ToolAttribute attribute)
    {
        try
        {
            CheckShape(method);
            var parameters = new ToolParameters(method);
            return new Tool(attribute.Name, DescriptionOf(method), parameters.Schema, Act(instance, method, parameters))
            {
                Unreadable = Unreadable(parameters),
                Effect = Known(attribute.Does),
                Reads = attribute.Reads,
                Idempotent = attribute.Idempotent,
                Timeout = Duration.Parse(attribute.Timeout, Tool.ShortestTimeout, Tool.LongestTimeout),
                Retries = attribute.Retries,
                ResultLimit = attribute.ResultLimit,
            };
        }
        catch (Exception e) when (e is ToolRefusedException or FormatException
            or NotSupportedException or InvalidOperationException or ArgumentException)
        {
            // The serializer refuses types it cannot read (delegates, streams, pointers) in any of the latter three.
            throw new ToolRefusedException($"{method.DeclaringType!.Name}.{method.Name}: {e.Message}", e);
        }
    }

    private static void CheckShape(MethodInfo method)
    {
        if (!method.IsPublic || method.IsGenericMethodDefinition)
        {
            throw new ToolRefusedException("a tool must be a public method without type parameters. Make it one.");
        }

        if (method.ReturnType == typeof(void) && method.IsDefined(typeof(AsyncStateMachineAttribute)))
        {
            throw new ToolRefusedException("async void ends before its work does. Return Task.");
        }

        if (method.ReturnType.IsByRef || method.ReturnType.IsByRefLike || method.ReturnType.IsPointer || IsAsyncStream(method.ReturnType))
        {
            throw new ToolRefusedException($"a result of type {method.ReturnType.Name} cannot be written as one JSON value. Return a "
                + "value, Task or ValueTask.");
        }

        foreach (var parameter in method.GetParameters())
        {
            CheckParameter(parameter);
        }
    }

    private static void CheckParameter(ParameterInfo parameter)
    {
        var type = parameter.ParameterType;
        if (ToolParameters.IsFilledIn(parameter))
        {
            return;
        }

        if (type.IsByRef || type.IsByRefLike || type.IsPointer
            || type.IsAssignableTo(typeof(Delegate)) || type.IsAssignableTo(typeof(Stream)))
        {
            throw new ToolRefusedException($"parameter '{parameter.Name}' of type {type.Name} cannot be sent as JSON. Take a value, a "
                + "record or a list.");
        }

        if (string.IsNullOrWhiteSpace(parameter.GetCustomAttribute<DescriptionAttribute>()?.Description))
        {
            throw new ToolRefusedException($"parameter '{parameter.Name}' has no description, which the model needs. Add "
                + $"[Description(\"…\")].");
        }
    }

    private static string DescriptionOf(MethodInfo method) =>
        method.GetCustomAttribute<DescriptionAttribute>()?.Description is { } text && !string.IsNullOrWhiteSpace(text)
            ? text
            : throw new ToolRefusedException("the method has no description, which the model needs. Add [Description(\"…\")].");

    private static Effect Known(Effect effect) => Enum.IsDefined(effect)
        ? effect
        : throw new ToolRefusedException($"{effect} is no effect. Use None, Write or External.");

    private static Func<JsonElement, string?> Unreadable(ToolParameters parameters) => arguments =>
    {
        try
        {
            parameters.Bind(arguments, null, CancellationToken.None);
            return null;
        }
        catch (NotDoneException e)
        {
            return e.Message;
        }
    };

    private static ToolAct Act(object instance, MethodInfo method, ToolParameters parameters) => async (arguments, context, cancellation) =>
    {
        var values = parameters.Bind(arguments, context, cancellation);
        // Without the flag the tool's own exception, NotDoneException above all, would come wrapped in one of reflection's.
        var returned = method.Invoke(instance, BindingFlags.DoNotWrapExceptions, binder: null, values, culture: null);
        var (type, result) = await Awaited(method.ReturnType, returned);
        return ToJson(method, type, result);
    };

    private static async Task<(Type Type, object? Value)> Awaited(Type type, object? returned)
    {
        if (returned is ValueTask plain)
        {
            returned = plain.AsTask();
        }
        else if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(ValueTask<>))
        {
            returned = type.GetMethod(nameof(ValueTask<>.AsTask))!.Invoke(returned, null);
        }

        if (returned is not Task task)
        {
            return (type, returned);
        }

        await task;
        var result = type.IsGenericType ? type.GetGenericArguments()[0] : typeof(void);
        return (result, result == typeof(void) ? null : task.GetType().GetProperty(nameof(Task<>.Result))!.GetValue(task));
    }

    private static JsonElement ToJson(MethodInfo method, Type type, object? result)
    {
        try
        {
            return type == typeof(void)
                ? JsonSerializer.SerializeToElement<object?>(null)
                : JsonSerializer.SerializeToElement(result, type, ToolJson.Options);
        }
        catch (Exception e)
        {
            // A result may be computed while it is written, and so throw anything; the act itself is over.
            throw new ToolResultException($"{method.DeclaringType!.Name}.{method.Name} was called, but its result is not JSON: "
                + $"{e.Message}", e);
        }
    }

    private static bool IsAsyncStream(Type type) =>
        type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IAsyncEnumerable<>);
}
