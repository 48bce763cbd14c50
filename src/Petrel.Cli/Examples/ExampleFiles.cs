using Petrel.LocalCluster;

namespace Petrel.Cli.Examples;

/// <summary>Where the repository keeps an example's manifests and the script that makes its images.</summary>
internal sealed record ExampleFiles(string Repository, Example Example)
{
    /// <summary>The example's manifests, in the order of their names.</summary>
    public IReadOnlyList<string> Manifests =>
        [.. Directory.EnumerateFiles(Path.Combine(Repository, "examples", Example.Name), "*.yaml").Order(StringComparer.Ordinal)];

    public string ImageScript => Path.Combine(Repository, "images", "build");

    /// <summary>Where the image script puts archives.</summary>
    public string Archives => Path.Combine(Repository, "artifacts", "images");

    /// <summary>The archives of the example's images, after the script has run.</summary>
    public IReadOnlyList<string> ArchiveFiles =>
        [.. Example.Images.SelectMany(image => Directory.EnumerateFiles(Archives, $"{image}-*.tar").Order(StringComparer.Ordinal))];

    /// <summary>The files of an example: the launcher says where the repository is, else it is looked for above the program.</summary>
    /// <exception cref="UserErrorException">They are not there.</exception>
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
