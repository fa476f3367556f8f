using System.Text.Json;

namespace Holdfast.Readme;

/// <summary>Whether an answer is what the README shows: the same members everywhere, the same words where a word is what it is about.</summary>
internal static class Shape
{
    private static readonly string[] Words = ["status", "kind", "tool", "model", "agent", "decision", "output", "who", "requestedBy", "arguments"];

    public static void AssertSame(JsonElement shown, JsonElement real, string at = "$")
    {
        Assert.True(shown.ValueKind == real.ValueKind, $"{at} is {real.ValueKind}, the README shows {shown.ValueKind}.");
        switch (shown.ValueKind)
        {
            case JsonValueKind.Object:
                Assert.Equal(Names(shown), Names(real));
                foreach (var member in shown.EnumerateObject())
                {
                    var other = real.GetProperty(member.Name);
                    if (Words.Contains(member.Name))
                    {
                        Assert.True(JsonElement.DeepEquals(member.Value, other), $"{at}.{member.Name} is {other}, the README shows {member.Value}.");
                    }

                    AssertSame(member.Value, other, $"{at}.{member.Name}");
                }

                break;

            case JsonValueKind.Array:
                Assert.True(shown.GetArrayLength() == real.GetArrayLength(), $"{at} has {real.GetArrayLength()} items, the README shows {shown.GetArrayLength()}.");
                foreach (var (one, other) in shown.EnumerateArray().Zip(real.EnumerateArray()))
                {
                    AssertSame(one, other, $"{at}[]");
                }

                break;
        }
    }

    private static IEnumerable<string> Names(JsonElement value) => value.EnumerateObject().Select(member => member.Name).Order(StringComparer.Ordinal);
}
