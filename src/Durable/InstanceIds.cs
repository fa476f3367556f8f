namespace Holdfast.Durable;

/// <summary>The instance ids that every engine can carry.</summary>
public static class InstanceIds
{
    /// <summary>The longest id, in characters: what Durable Task Scheduler takes. Azure Storage would take 256.</summary>
    public const int MaxLength = 100;

    /// <summary>Returns the id if every engine can carry it.</summary>
    /// <exception cref="ArgumentException">Empty, longer than 100, begins with '@', or holds one of / \ ? # or what is not printable ASCII.</exception>
    public static string Checked(string id)
    {
        ArgumentException.ThrowIfNullOrEmpty(id);
        if (id.Length > MaxLength)
        {
            throw new ArgumentException($"Instance id of {id.Length} characters is longer than {MaxLength}. Shorten it.", nameof(id));
        }

        if (id[0] == '@')
        {
            throw new ArgumentException($"Instance id '{id}' begins with '@', which engines keep for themselves. Begin with a letter.", nameof(id));
        }

        foreach (var c in id)
        {
            if (c is '/' or '\\' or '?' or '#' or < ' ' or > '~')
            {
                throw new ArgumentException(
                    $"Instance id '{id}' holds '{(c is < ' ' or > '~' ? $"U+{(int)c:X4}" : c)}'. Take printable ASCII without / \\ ? #.", nameof(id));
            }
        }

        return id;
    }
}
