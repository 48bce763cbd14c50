using Petrel.LocalCluster;

namespace Petrel.Cli.Examples;

/// <summary>The files of an example in the repository: its manifests and the script that builds its images.</summary>
internal sealed record ExampleFiles(string Repository, Example Example)
{
    /// <summary>The example's manifests, sorted by name.</summary>
    public IReadOnlyList<string> Manifests =>
        [.. Directory.EnumerateFiles(Path.Combine(Repository, "examples", Example.Name), "*.yaml").Order(StringComparer.Ordinal)];

    public string ImageScript => Path.Combine(Repository, "images", "build");

    /// <summary>The folder into which the image script writes archives.</summary>
    public string Archives => Path.Combine(Repository, "artifacts", "images");

    /// <summary>The archives of the example's images. They exist after the script has run.</summary>
    public IReadOnlyList<string> ArchiveFiles =>
        [.. Example.Images.SelectMany(image => Directory.EnumerateFiles(Archives, $"{image}-*.tar").Order(StringComparer.Ordinal))];

    /// <summary>Finds an example's files: in the repository that the launcher specifies, else in a folder above the program.</summary>
    /// <exception cref="UserErrorException">The files were not found.</exception>
    public static ExampleFiles Find(Example example)
    {
        var folder = Environment.GetEnvironmentVariable("PETREL_HOME") is { Length: > 0 } home
            ? new DirectoryInfo(home)
            : new DirectoryInfo(AppContext.BaseDirectory);
        for (; folder is not null; folder = folder.Parent)
        {
            var files = new ExampleFiles(folder.FullName, example);
            if (File.Exists(files.ImageScript) && Directory.Exists(Path.Combine(folder.FullName, "examples", example.Name)))
            {
                return files;
            }
        }
        throw new UserErrorException("The examples are not beside this program: run ./petrel in a clone of the repository.");
    }
}
