using System.Diagnostics;

namespace Petrel.Mutants;

/// <summary>How a suite judged a mutant.</summary>
internal enum Verdict
{
    /// <summary>A test failed, or did not end.</summary>
    Found,

    /// <summary>All tests passed.</summary>
    Lives,

    /// <summary>The mutant does not compile: it says nothing about the tests.</summary>
    NotCompiled,
}

/// <summary>A copy of the last commit in a temporary folder, in which mutants are built and tested one after the other.</summary>
internal sealed class ScratchTree : IDisposable
{
    private static readonly TimeSpan BuildTime = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan FirstRunTime = TimeSpan.FromMinutes(20);

    private readonly Dictionary<string, TimeSpan> _limits = new(StringComparer.Ordinal);

    public ScratchTree(string repository)
    {
        Folder = Directory.CreateTempSubdirectory("petrel-mutants-").FullName;
        var archive = Path.Combine(Folder, "tree.tar");
        Run(repository, BuildTime, "git", "archive", "--output", archive, "HEAD");
        Run(Folder, BuildTime, "tar", "-xf", archive);
        File.Delete(archive);
    }

    /// <summary>The copy's root.</summary>
    public string Folder { get; }

    /// <summary>Builds and runs a suite without a mutant. False when it does not pass: then it can't judge mutants.</summary>
    public bool Prepare(Area area)
    {
        if (!Build(area))
        {
            return false;
        }
        var clock = Stopwatch.StartNew();
        var passes = Test(area, FirstRunTime);
        _limits[area.Suite] = (clock.Elapsed * 3) + TimeSpan.FromSeconds(30);
        return passes;
    }

    /// <summary>Applies a mutation, builds, tests, and takes it back.</summary>
    public Verdict Judge(Area area, Mutation mutation)
    {
        var path = Path.Combine(Folder, mutation.Path);
        var source = File.ReadAllText(path);
        File.WriteAllText(path, mutation.ApplyTo(source));
        try
        {
            return !Build(area) ? Verdict.NotCompiled
                : Test(area, _limits[area.Suite]) ? Verdict.Lives
                : Verdict.Found;
        }
        finally
        {
            File.WriteAllText(path, source);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(Folder, recursive: true);

    // The analyzers have judged the sources already.
    private bool Build(Area area) =>
        Run(Folder, BuildTime, "dotnet", "build", area.Project, "-v", "q", "--nologo", "-p:RunAnalyzers=false");

    private bool Test(Area area, TimeSpan limit) => Run(Folder, limit, Path.Combine(Folder, area.Program), "-noColor", "-stopOnFail");

    private static bool Run(string folder, TimeSpan limit, string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        // Pipes that nobody reads would stop the program.
        process.OutputDataReceived += static (_, _) => { };
        process.ErrorDataReceived += static (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        if (!process.WaitForExit(limit))
        {
            process.Kill(entireProcessTree: true);
            process.WaitForExit();
            return false;
        }
        return process.ExitCode == 0;
    }
}
