namespace Holdfast.Agents.Definitions;

/// <summary>A path with every link on the way followed, as realpath(3) does: a mounted folder may hold links that stay inside, and one
/// that leads out.</summary>
internal static class RealPath
{
    private const int MostLinks = 40;

    public static string Of(string fullPath)
    {
        var links = 0;
        return Of(fullPath, ref links);
    }

    private static string Of(string path, ref int links)
    {
        if (Path.GetDirectoryName(path) is not { } parent)
        {
            return path;
        }

        var here = Path.Combine(Of(parent, ref links), Path.GetFileName(path));
        // LinkTarget is null for what is no link and for what does not exist.
        if (new FileInfo(here).LinkTarget is not { } target || ++links > MostLinks)
        {
            return here;
        }

        return Of(Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, target)), ref links);
    }
}
