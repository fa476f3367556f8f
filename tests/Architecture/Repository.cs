using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Holdfast.Architecture;

/// <summary>The files of this repository, as they lie here.</summary>
internal static class Repository
{
    // What .gitignore leaves out, and git itself.
    private static readonly string[] NotOurs = [".git", ".vs", ".idea", "bin", "obj", "node_modules", "TestResults", "BenchmarkDotNet.Artifacts"];

    public static string Root { get; } = FindRoot();

    /// <summary>Every file that belongs to the repository, relative to its root, with slashes.</summary>
    public static IReadOnlyList<string> Files { get; } = [.. Walk(new DirectoryInfo(Root))
        .Select(file => Path.GetRelativePath(Root, file).Replace('\\', '/'))
        .Where(file => !file.StartsWith("data/", StringComparison.Ordinal))
        .Order(StringComparer.Ordinal)];

    public static IReadOnlyList<Project> Projects { get; } =
        [.. Files.Where(file => file.EndsWith(".csproj", StringComparison.Ordinal)).Select(Project.Read)];

    public static string Read(string file) => File.ReadAllText(Path.Combine(Root, file));

    /// <summary>The C# files below a folder.</summary>
    public static IEnumerable<string> Code(string folder) =>
        Files.Where(file => file.StartsWith(folder + "/", StringComparison.Ordinal) && file.EndsWith(".cs", StringComparison.Ordinal));

    /// <summary>Where a pattern stands, as file:line text.</summary>
    public static IEnumerable<string> Find(Regex pattern, IEnumerable<string> files) => files.SelectMany(file => Read(file).Split('\n')
        .Select((line, index) => (Line: line.Trim(), Number: index + 1))
        .Where(line => pattern.IsMatch(line.Line))
        .Select(line => $"{file}:{line.Number} {line.Line}"));

    /// <summary>Fails with everything that was found.</summary>
    public static void AssertNone(string fact, IEnumerable<string> found)
    {
        var all = found.ToList();
        Assert.True(all.Count == 0, $"{fact}{Environment.NewLine}{string.Join(Environment.NewLine, all)}");
    }

    // In a work tree of git, .git is a file.
    private static IEnumerable<string> Walk(DirectoryInfo folder) => folder.EnumerateFiles().Where(file => !NotOurs.Contains(file.Name)).Select(file => file.FullName)
        .Concat(folder.EnumerateDirectories().Where(inner => !NotOurs.Contains(inner.Name)).SelectMany(Walk));

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Functions.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException($"No Functions.sln above {AppContext.BaseDirectory}. Run the tests from within the repository.");
    }
}

/// <param name="File">The csproj, relative to the root.</param>
/// <param name="Name">Its folder's name below src and tests; examples/NAME for an example.</param>
internal sealed record Project(string File, string Name, IReadOnlyList<string> References, IReadOnlyList<XElement> Packages)
{
    public bool IsOf(string folder) => File.StartsWith(folder + "/", StringComparison.Ordinal);

    public static Project Read(string file)
    {
        var xml = XDocument.Parse(Repository.Read(file));
        var references = xml.Descendants("ProjectReference").Select(one => Path.GetFileNameWithoutExtension((string)one.Attribute("Include")!));
        var name = Path.GetFileNameWithoutExtension(file);
        return new(file, file.StartsWith("examples/", StringComparison.Ordinal) ? $"examples/{name}" : name,
            [.. references], [.. xml.Descendants("PackageReference")]);
    }
}
