namespace Holdfast.Durable.Testing;

/// <summary>An engine did not keep a promise.</summary>
public sealed class ExpectationException(string message) : Exception(message);

/// <summary>The few assertions that scenarios need, so that they run under any test framework.</summary>
public static class Expect
{
    public static void True(bool condition, string what)
    {
        if (!condition)
        {
            throw new ExpectationException($"Expected: {what}.");
        }
    }

    public static void Equal<T>(T expected, T actual, string what)
    {
        if (!EqualityComparer<T>.Default.Equals(expected, actual))
        {
            throw new ExpectationException($"Expected {what} to be {Shown(expected)}; it is {Shown(actual)}.");
        }
    }

    public static void Sequence<T>(IEnumerable<T> expected, IEnumerable<T> actual, string what)
    {
        List<T> wanted = [.. expected], got = [.. actual];
        if (!wanted.SequenceEqual(got))
        {
            var at = wanted.Zip(got).TakeWhile(pair => EqualityComparer<T>.Default.Equals(pair.First, pair.Second)).Count();
            throw new ExpectationException(
                $"Expected {what} to be {wanted.Count} items; there are {got.Count}, and they differ from item {at}: "
                + $"[{string.Join(", ", wanted.Skip(at).Take(5))}] against [{string.Join(", ", got.Skip(at).Take(5))}].");
        }
    }

    public static async Task<TException> ThrowsAsync<TException>(Func<Task> action, string what)
        where TException : Exception
    {
        try
        {
            await action();
        }
        catch (TException e)
        {
            return e;
        }

        throw new ExpectationException($"Expected {what} to throw {typeof(TException).Name}; it threw nothing.");
    }

    private static string Shown<T>(T value) => value switch
    {
        null => "null",
        string text when text.Length > 100 => $"\"{text[..100]}…\" ({text.Length} characters)",
        _ => $"\"{value}\"",
    };
}
