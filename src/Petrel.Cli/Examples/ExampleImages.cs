using System.Diagnostics;
using Petrel.Agent.Runtimes;
using Petrel.Cli.Hosting;
using Petrel.Cli.Output;
using Petrel.LocalCluster;

namespace Petrel.Cli.Examples;

/// <summary>Builds an example's images, and loads them into the nodes' image store.</summary>
internal static class ExampleImages
{
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(5);

    /// <exception cref="UserErrorException">An image can't be built or loaded.</exception>
    public static async Task LoadAsync(ExampleFiles files, ClusterDirectory directory, CancellationToken cancellationToken)
    {
        await BuildAsync(files, cancellationToken);
        using var store = NodeImages.Open(directory);
        foreach (var archive in files.ArchiveFiles)
        {
            try
            {
                await store.ImportAsync(archive, cancellationToken);
            }
            catch (RuntimeException e)
            {
                throw new UserErrorException($"The example's image can't be loaded: {e.Message}");
            }
        }
        Progress.Say($"images of the {files.Example.Name} loaded");
    }

    // The script skips images that are up to date. As root it fetches Debian packages of the programs in the images.
    private static async Task BuildAsync(ExampleFiles files, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(files.ImageScript, [files.Archives, .. files.Example.Images])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var errors = process.StandardError.ReadToEndAsync(cancellationToken);
        var step = "";
        process.OutputDataReceived += (_, line) => step = line.Data ?? step;
        process.BeginOutputReadLine();
        var begin = TimeProvider.System.GetTimestamp();
        try
        {
            var end = process.WaitForExitAsync(cancellationToken);
            while (await Task.WhenAny(end, Task.Delay(Silence, cancellationToken)) != end)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var seconds = TimeProvider.System.GetElapsedTime(begin).TotalSeconds;
                var words = string.Join(' ', step.Split(' ', StringSplitOptions.RemoveEmptyEntries));
                Progress.Say($"making the images of the {files.Example.Name} … {seconds:0} s{(words.Length > 0 ? $" ({words})" : "")}");
            }
            await end;
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
        if (process.ExitCode != 0)
        {
            var last = (await errors).Split('\n', StringSplitOptions.RemoveEmptyEntries).LastOrDefault() ?? $"exit code {process.ExitCode}";
            throw new UserErrorException($"The example's images can't be made: {last.Trim()} ({files.ImageScript})");
        }
    }
}
