namespace Holdfast.Durable;

/// <summary>The instance ids that every engine can carry.</summary>
public static class InstanceIds
{
    /// <summary>The longest id, in UTF-16 characters.</summary>
    public const int MaxLength = 256;

    /// <summary>Returns the id if every engine can carry it.</summary>
    /// <exception cref="ArgumentException">Empty, longer than 256, begins with '@', or holds one of / \ ? # or a control character.</exception>
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
            if (c is '/' or '\\' or '?' or '#' || char.IsControl(c))
            {
                throw new ArgumentException(
                    $"Instance id '{id}' holds '{(char.IsControl(c) ? $"U+{(int)c:X4}" : c)}'. Leave out / \\ ? # and control characters.", nameof(id));
            }
        }

        return id;
    }
}
