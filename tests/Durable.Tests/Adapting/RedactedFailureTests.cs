using Holdfast.Durable.Adapting;
using Xunit;

namespace Holdfast.Durable.Tests.Adapting;

/// <summary>What another engine keeps of an exception that a function throws.</summary>
public sealed class RedactedFailureTests
{
    private const string Canary = "canary-4711";

    [Fact]
    public void AnExceptionLosesItsSecretsAndKeepsItsTypeForWhoeverLooksForIt()
    {
        var thrown = Thrown(new FileNotFoundException($"Not with {Canary}.", new FormatException($"Nor: with {Canary}.", new IOException("Plain."))));
        var shown = FailureDetails.FromException(RedactedFailureException.Of(thrown, Redact));
        Assert.DoesNotContain(Canary, shown.StackTrace + shown + shown.InnerFailure + RedactedFailureException.Of(thrown, Redact), StringComparison.Ordinal);

        var restored = RedactedFailureException.Restored(shown);
        Assert.Equal("System.IO.FileNotFoundException: Not with secret.", restored.ToString());
        Assert.True(restored.IsCausedBy<IOException>());
        Assert.Contains(nameof(Thrown), restored.StackTrace, StringComparison.Ordinal);
        Assert.Equal("System.FormatException: Nor: with secret.", restored.InnerFailure!.ToString());
        Assert.Equal("System.IO.IOException: Plain.", restored.InnerFailure.InnerFailure!.ToString());
    }

    [Fact]
    public void OneOfSeveralCausesIsLookedThroughToo()
    {
        var thrown = new AggregateException(new IOException("Plain."), new IOException(Canary));
        Assert.DoesNotContain(Canary, RedactedFailureException.Of(thrown, Redact).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void AnExceptionWithoutSecretsIsThrownAsItIs()
    {
        var thrown = new IOException("Plain.", new FormatException("Plain."));
        Assert.Same(thrown, RedactedFailureException.Of(thrown, Redact));
        Assert.Equal(FailureDetails.FromException(thrown), RedactedFailureException.Restored(FailureDetails.FromException(thrown)));
    }

    private static string Redact(string text) => text.Replace(Canary, "secret", StringComparison.Ordinal);

    private static Exception Thrown(Exception exception)
    {
        try
        {
            throw exception;
        }
        catch (Exception e)
        {
            return e;
        }
    }
}
