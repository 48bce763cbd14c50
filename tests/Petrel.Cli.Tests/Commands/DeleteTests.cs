using Petrel.Cli.Commands;
using Petrel.LocalCluster;

namespace Petrel.Cli.Tests.Commands;

public sealed class DeleteTests
{
    [Fact]
    public async Task The_cluster_goes_with_its_data_and_what_else_lies_there_stays()
    {
        using var scratch = new Scratch();
        var directory = Save(scratch);
        await File.WriteAllTextAsync(directory.StoreFile, "objects");
        await File.WriteAllTextAsync(scratch.At("letter"), "the user's own");
        await File.WriteAllTextAsync(scratch.At("images", "blob"), "an image");

        var result = await CommandLine.RunAsync("delete", "--yes", "--data", scratch.Path);

        Assert.True(result.ExitCode == 0, result.Errors);
        Assert.Equal([scratch.At("letter")], Directory.GetFileSystemEntries(scratch.Path));
    }

    [Fact]
    public async Task Nothing_is_deleted_unasked()
    {
        using var scratch = new Scratch();
        var directory = Save(scratch);
        var program = Path.Combine(AppContext.BaseDirectory, "petrel.dll");
        var line = (await Shell.RunAsync("dotnet", [program, "delete", "--data", scratch.Path])).SingleError();
        Assert.Contains("--yes", line);
        Assert.True(File.Exists(directory.Settings));
    }

    [Fact]
    public void Only_what_lies_beneath_a_directory_is_in_it()
    {
        Assert.True(ClusterRemoval.IsBeneath("/var/lib/petrel/nodes/x", "/var/lib/petrel"));
        Assert.False(ClusterRemoval.IsBeneath("/var/lib/petrel2/nodes", "/var/lib/petrel"));
    }

    private static ClusterDirectory Save(Scratch scratch)
    {
        var directory = new ClusterDirectory(scratch.Path);
        directory.Create();
        new ClusterSettings
        {
            Port = 6443,
            Nodes = 1,
            Runtime = "process",
        }.Save(directory);
        return directory;
    }
}
