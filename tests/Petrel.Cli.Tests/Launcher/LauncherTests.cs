using System.Net;
using System.Net.Sockets;

namespace Petrel.Cli.Tests.Launcher;

/// <summary>The shell side of <c>./petrel</c>: what is looked at before the first build.</summary>
public sealed class LauncherTests
{
    private static string Preflight { get; } = Path.Combine(Repository.Root, "tools", "preflight");

    [Fact]
    public async Task A_free_port_and_a_new_directory_pass()
    {
        using var scratch = new Scratch();
        var result = await Shell.RunAsync(Preflight, ["up", "--data", scratch.At("new", "cluster"), "--port", "0"]);
        Assert.Equal((0, "", ""), (result.ExitCode, result.Output, result.Errors));
        Assert.Empty(Directory.GetFileSystemEntries(scratch.Path));
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("0.0.0.0")]
    [InlineData("::")]
    public async Task A_taken_port_is_named_before_the_build(string address)
    {
        using var scratch = new Scratch();
        using var other = new TcpListener(IPAddress.Parse(address), 0);
        other.Start();
        var port = ((IPEndPoint)other.LocalEndpoint).Port;
        var line = (await Shell.RunAsync(Preflight, ["up", "--data", scratch.Path, $"--port={port}"])).SingleError();
        Assert.Contains($"port {port} is in use", line);
    }

    [Fact]
    public async Task The_port_of_the_earlier_settings_counts()
    {
        using var scratch = new Scratch();
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var port = ((IPEndPoint)other.LocalEndpoint).Port;
        await File.WriteAllTextAsync(scratch.At("cluster.json"), $$"""{ "port": {{port}} }""");
        var line = (await Shell.RunAsync(Preflight, ["up", "--data", scratch.Path])).SingleError();
        Assert.Contains($"port {port} is in use", line);
    }

    [Fact]
    public async Task A_directory_that_cannot_be_is_named_before_the_build()
    {
        using var scratch = new Scratch();
        await File.WriteAllTextAsync(scratch.At("file"), "");
        var line = (await Shell.RunAsync(Preflight, ["up", "--data", scratch.At("file", "data")])).SingleError();
        Assert.Contains("is not a directory", line);
    }

    [Fact]
    public async Task Another_users_directory_is_named_before_the_build()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root, to become another user");
        using var scratch = new Scratch();
        // The repository may lie where the other user can't go.
        File.Copy(Preflight, "/tmp/petrel-preflight-" + Environment.ProcessId, overwrite: true);
        try
        {
            var result = await Shell.RunAsync(
                "setpriv",
                [
                    "--reuid=65534",
                    "--regid=65534",
                    "--clear-groups",
                    "bash",
                    "/tmp/petrel-preflight-" + Environment.ProcessId,
                    "up",
                    "--port=0",
                    "--data",
                    scratch.Path,
                ]
            );
            Assert.Contains("belongs to root", result.SingleError());
        }
        finally
        {
            File.Delete("/tmp/petrel-preflight-" + Environment.ProcessId);
        }
    }

    [Theory]
    [InlineData("up", true)]
    [InlineData("up --detach", true)]
    [InlineData("agent --node node-1", true)]
    [InlineData("up --help", false)]
    [InlineData("up --runtime process", false)]
    [InlineData("up --runtime=process", false)]
    [InlineData("sim --scenario all", false)]
    [InlineData("image load x", false)]
    [InlineData("status", false)]
    [InlineData("--help", false)]
    public async Task Only_commands_that_run_containers_ask_for_packages(string command, bool asks)
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root: other users' clusters run no containers");
        using var scratch = new Scratch();
        // A repository whose set-up only says that it was called, and no program on the path.
        Directory.CreateDirectory(scratch.At("tools"));
        await File.WriteAllTextAsync(scratch.At("tools", "setup"), "#!/bin/bash\necho asked\n");
        File.SetUnixFileMode(scratch.At("tools", "setup"), UnixFileMode.UserRead | UnixFileMode.UserExecute);
        var library = Path.Combine(Repository.Root, "tools", "launch.sh");
        var result = await Shell.RunAsync(
            "/bin/bash",
            ["-c", $"here={scratch.Path}; . {library}; bring_packages {command}"],
            new Dictionary<string, string?> { ["PATH"] = scratch.Path }
        );
        Assert.True(result.ExitCode == 0, result.Errors);
        Assert.Equal(asks ? "asked\n" : "", result.Output);
    }

    [Fact]
    public async Task Missing_packages_are_named_in_one_line_when_they_cannot_be_installed()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root, to become another user");
        using var scratch = new Scratch();
        File.SetUnixFileMode(
            scratch.Path,
            UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.UserWrite | UnixFileMode.OtherRead | UnixFileMode.OtherExecute
        );
        Directory.CreateDirectory(scratch.At("tools"));
        foreach (var script in new[] { "setup", "launch.sh" })
        {
            File.Copy(Path.Combine(Repository.Root, "tools", script), scratch.At("tools", script));
        }
        foreach (var program in new[] { "dirname", "id", "env", "bash" })
        {
            File.CreateSymbolicLink(scratch.At(program), $"/usr/bin/{program}");
        }
        var result = await Shell.RunAsync(
            "/usr/bin/setpriv",
            ["--reuid=65534", "--regid=65534", "--clear-groups", "/usr/bin/bash", scratch.At("tools", "setup"), "run"],
            new Dictionary<string, string?> { ["PATH"] = scratch.Path }
        );
        var line = result.SingleError();
        Assert.Contains("apt-get install crun conmon", line);
    }
}
