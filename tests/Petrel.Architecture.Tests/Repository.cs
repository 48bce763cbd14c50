namespace Petrel.Architecture.Tests;

/// <summary>The files of the checkout that the tests run in.</summary>
internal static class Repository
{
    /// <summary>The folder that holds the solution.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>The names of the projects under src.</summary>
    public static IReadOnlyList<string> Projects { get; } =
    [
        .. Directory
            .EnumerateFiles(Path.Combine(Root, "src"), "*.csproj", SearchOption.AllDirectories)
            .Select(path => Path.GetFileNameWithoutExtension(path)!)
            .Order(StringComparer.Ordinal),
    ];

    /// <summary>The files below a folder of the checkout, without what builds leave there.</summary>
    /// <param name="folder">The folder, relative to the root.</param>
    /// <param name="pattern">A pattern of file names, for example <c>*.cs</c>.</param>
    public static IEnumerable<string> Files(string folder, string pattern) =>
        Directory
            .EnumerateFiles(Path.Combine(Root, folder), pattern, SearchOption.AllDirectories)
            .Where(path =>
                !Path.GetRelativePath(Root, path).Split('/').Any(part => part is "obj" or "bin" or "artifacts" or "node_modules")
            )
            .Order(StringComparer.Ordinal);

    /// <summary>A path as messages show it.</summary>
    public static string Short(string path) => Path.GetRelativePath(Root, path);

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Petrel.slnx")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException("The tests run outside the repository.");
        }
        return folder.FullName;
    }
}
