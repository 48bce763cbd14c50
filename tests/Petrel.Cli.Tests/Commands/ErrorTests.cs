using System.CommandLine;
using System.Net;
using System.Net.Sockets;
using Petrel.Cli.Composition;
using Petrel.Cli.Preflight;
using Petrel.LocalCluster;
using Petrel.LocalCluster.Processes;

namespace Petrel.Cli.Tests.Commands;

/// <summary>What goes wrong is said in one line that names what to do; the exit code is 1.</summary>
public sealed class ErrorTests
{
    [Theory]
    [InlineData("Unrecognized command or argument 'bogus'. See 'petrel --help'", "bogus")]
    [InlineData("See 'petrel node kill --help'", "node", "kill")]
    [InlineData("See 'petrel up --help'", "up", "--nodes", "many")]
    [InlineData("Argument 'xml' not recognized", "version", "-o", "xml")]
    public async Task A_command_line_that_cannot_be_read(string expected, params string[] arguments)
    {
        Assert.Contains(expected, (await CommandLine.RunAsync(arguments)).SingleError());
    }

    [Fact]
    public async Task Without_arguments_the_help_is_shown()
    {
        var result = await CommandLine.RunAsync();
        Assert.Equal(0, result.ExitCode);
        Assert.Contains("kubeconfig", result.Output);
    }

    [Theory]
    [InlineData("status")]
    [InlineData("down")]
    [InlineData("kubeconfig")]
    [InlineData("kubeconfig", "--merge")]
    [InlineData("delete", "--yes")]
    [InlineData("node", "kill", "node-1")]
    [InlineData("explain", "pod", "web")]
    [InlineData("server")]
    [InlineData("agent", "--node", "node-1")]
    public async Task There_is_no_cluster(params string[] arguments)
    {
        using var scratch = new Scratch();
        var line = (await CommandLine.RunAsync([.. arguments, "--data", scratch.Path])).SingleError();
        Assert.Contains($"There is no cluster in {scratch.Path}", line);
    }

    [Fact]
    public async Task The_port_is_taken()
    {
        using var scratch = new Scratch();
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var port = ((IPEndPoint)other.LocalEndpoint).Port;
        var line = (await CommandLine.RunAsync("up", "--data", scratch.Path, "--port", $"{port}", "--runtime", "process")).SingleError();
        Assert.Contains($"Port {port} on 127.0.0.1 is in use by", line);
        Assert.Contains($"(process {Environment.ProcessId})", line);
        Assert.Contains("--port", line);
        Assert.False(File.Exists(scratch.At("cluster.json")));
    }

    [Fact]
    public void The_programs_for_containers_are_missing()
    {
        using var scratch = new Scratch();
        var error = Assert.Throws<UserErrorException>(() => HostPrograms.Require(scratch.Path, scratch.Path));
        Assert.Contains("apt-get install crun conmon", error.Message);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public async Task The_data_directory_cannot_be_made()
    {
        using var scratch = new Scratch();
        await File.WriteAllTextAsync(scratch.At("file"), "");
        var line = (await CommandLine.RunAsync("image", "list", "--data", scratch.At("file", "data"))).SingleError();
        Assert.Contains("--data", line);
    }

    [Fact]
    public async Task The_settings_are_damaged()
    {
        using var scratch = new Scratch();
        await File.WriteAllTextAsync(scratch.At("cluster.json"), "{");
        Assert.Contains("cluster.json can't be read", (await CommandLine.RunAsync("status", "--data", scratch.Path)).SingleError());
    }

    [Fact]
    public async Task The_server_runs_already()
    {
        using var scratch = new Scratch();
        var directory = SaveCluster(scratch, port: 6443);
        var other = DetachedProcess.Start(["sleep", "60"], scratch.At("log"));
        try
        {
            ProcessRecord.Of(other).Save(directory.ServerPid);
            var line = (await CommandLine.RunAsync("server", "--data", scratch.Path)).SingleError();
            Assert.Contains($"is already running (process {other})", line);
        }
        finally
        {
            ProcessRecord.Of(other).Signal(ProcessRecord.SigKill);
        }
    }

    [Fact]
    public async Task The_server_alone_finds_its_port_taken()
    {
        using var scratch = new Scratch();
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        SaveCluster(scratch, ((IPEndPoint)other.LocalEndpoint).Port);
        var line = (await CommandLine.RunAsync("server", "--data", scratch.Path)).SingleError();
        Assert.Contains("is in use", line);
    }

    [Fact]
    public async Task The_server_alone_has_no_network()
    {
        using var scratch = new Scratch();
        SaveCluster(scratch, port: 6443, range: 31);
        var line = (await CommandLine.RunAsync("server", "--data", scratch.Path)).SingleError();
        Assert.Contains("'petrel up'", line);
    }

    [Fact]
    public async Task The_server_does_not_answer()
    {
        using var scratch = new Scratch();
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var directory = SaveCluster(scratch, ((IPEndPoint)silent.LocalEndpoint).Port);
        ProcessRecord.Of(Environment.ProcessId).Save(directory.ServerPid);
        var line = (await CommandLine.RunAsync("status", "--data", scratch.Path)).SingleError();
        Assert.DoesNotContain("bug of Petrel's", line);
        Assert.DoesNotContain("Interrupted", line);
    }

    [Fact]
    public async Task A_bug_leaves_its_stack_trace_in_a_file()
    {
        var broken = new Command("break");
        broken.SetAction(new Func<ParseResult, int>(_ => throw new InvalidOperationException("first line\nsecond line")));
        using var output = new StringWriter();
        using var errors = new StringWriter();
        var code = await CommandRunner.RunAsync(new RootCommand { broken }, ["break"], output, errors);
        var line = new CommandResult(code, output.ToString(), errors.ToString()).SingleError();
        Assert.Contains("first line second line", line);
        var log = line[line.IndexOf('/')..].Trim();
        Assert.Contains("   at Petrel.", await File.ReadAllTextAsync(log));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(log));
        File.Delete(log);
    }

    private static ClusterDirectory SaveCluster(Scratch scratch, int port, int? range = null)
    {
        var directory = new ClusterDirectory(scratch.Path);
        directory.Create();
        new ClusterSettings
        {
            Port = port,
            Nodes = 1,
            Runtime = range is null ? "process" : "oci",
            Range = range,
        }.Save(directory);
        return directory;
    }
}
