namespace Holdfast.Agents.Definitions;

/// <summary>Something in a definition that does not fit the rest of its host.</summary>
/// <param name="Place">Which part, as <see cref="DefinitionSource.Lines"/> has it.</param>
/// <param name="Message">Fact and remedy.</param>
internal sealed record Misfit(DefinitionSource Source, string Place, string Message)
{
    /// <exception cref="DefinitionException">There are some: all of them, one line each; file and line are the first one's.</exception>
    public static void Refuse(IEnumerable<Misfit> misfits)
    {
        if (misfits.Distinct().ToArray() is [var first, .. var others])
        {
            throw new DefinitionException(first.Source.File, first.Line, first.Message
                + string.Concat(others.Select(other => $"{Environment.NewLine}{other.Source.File}({other.Line}): {other.Message}")));
        }
    }

    private int Line => Source.LineOf(Place);
}
