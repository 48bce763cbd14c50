using Microsoft.Extensions.Logging.Abstractions;
using Petrel.Agent.Images;
using Petrel.Agent.Runtimes;
using Petrel.Agent.Runtimes.Local;
using Petrel.Agent.Runtimes.Oci;
using Petrel.Agent.Runtimes.Processes;
using Petrel.Agent.Tests.Images;
using Petrel.Agent.Tests.Oci;
using Petrel.Model.Determinism;

namespace Petrel.Agent.Tests.Runtimes;

public sealed class ProcessRuntimeTests : RuntimeContract
{
    private static readonly CancellationToken None = CancellationToken.None;
    private readonly SeededEntropy _entropy = new((ulong)Random.Shared.NextInt64());
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("petrel-process-");
    private readonly ImageStore _images;
    private ProcessRuntime _runtime;

    public ProcessRuntimeTests()
    {
        _images = new ImageStore(PathOf("images"), _entropy, new RegistrySettings(), TimeProvider.System);
        _runtime = NewRuntime();
    }

    protected override IContainerRuntime Runtime => _runtime;

    [Fact]
    public async Task A_program_finds_its_root_its_variables_its_directory_and_its_volumes()
    {
        Directory.CreateDirectory(PathOf("settings"));
        await File.WriteAllTextAsync(PathOf("settings/colour"), "blue");
        var spec = Script(
            "echo $FROM_IMAGE $FROM_SPEC $OF_THE_NODE $HOSTNAME; pwd; cat $CONTAINER_SANDBOX_MOUNT_POINT/etc/app/colour; echo; "
                + "echo ${PATH%%:*}"
        ) with
        {
            Environment = [new("FROM_SPEC", "too")],
            WorkingDirectory = "/tmp/work",
            Mounts = [new Mount(PathOf("settings"), "/etc/app", true)],
        };
        var (_, id) = await RunAsync(spec);
        await ExitedAsync(id);
        var root = PathOf($"node/containers/{id}/rootfs");
        var hostname = (await _runtime.ListSandboxesAsync(None)).Single().PodName;
        Assert.Equal([$"yes too node1 {hostname}", $"{root}/tmp/work", "blue", $"{root}/bin"], Lines(spec));
        await _runtime.RemoveContainerAsync(id, None);
        Assert.True(File.Exists(PathOf("settings/colour")), "volumes outlive containers");
        Assert.Equal(["127.0.0.1"], (await _runtime.ListSandboxesAsync(None)).Single().Addresses);
    }

    [Fact]
    public async Task Each_container_writes_to_its_own_copy_of_the_image()
    {
        var (_, first) = await RunAsync(Script("echo changed > etc/passwd"));
        await ExitedAsync(first);
        var spec = Script("cat etc/passwd");
        var (_, second) = await RunAsync(spec);
        await ExitedAsync(second);
        Assert.StartsWith("root:x:0:0", Lines(spec)[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_program_that_does_not_exist_is_an_error_with_its_name()
    {
        var error = await Assert.ThrowsAsync<RuntimeException>(() => RunAsync(Container("no-such-program")));
        Assert.Equal("RunContainerError", error.Reason);
        Assert.Contains("no-such-program", error.Message, StringComparison.Ordinal);
        var status = Assert.Single(await _runtime.ListContainersAsync(None));
        Assert.Equal((ContainerState.Exited, 128, "StartError"), (status.State, status.ExitCode, status.Reason));
    }

    [Fact]
    public async Task What_a_program_leaves_behind_ends_with_it_also_in_another_session()
    {
        var spec = Script("busybox setsid busybox sh -c 'echo $$; exec sleep 1000' & busybox sh -c 'echo $$; exec sleep 1000' & sleep 0.5");
        var (_, id) = await RunAsync(spec);
        var exited = await ExitedAsync(id);
        Assert.Equal(0, exited.ExitCode);
        var left = Lines(spec);
        Assert.Equal(2, left.Count);
        Assert.All(left, pid => Assert.Equal("", ProcessIdentity.StartOf(int.Parse(pid))));
    }

    [Fact]
    public async Task A_container_whose_shim_was_killed_is_ended_and_reported()
    {
        var (_, id) = await RunAsync(Container("sleep", "1000"));
        var running = Running(id);
        _ = Tool.Kill(running.Shim.Pid, Tool.SigKill);
        await UntilAsync(() => Task.FromResult(!running.Shim.IsAlive));
        var status = await StatusAsync(id);
        Assert.Equal((ContainerState.Exited, 137), (status.State, status.ExitCode));
        await UntilAsync(() => Task.FromResult(!running.Program.IsAlive));
    }

    [Fact]
    public async Task A_process_that_got_the_number_of_a_container_is_left_alone()
    {
        var (_, id) = await RunAsync(Container("sleep", "1000"));
        var (_, other) = await RunAsync(Container("sleep", "1000"));
        var bystander = Running(other).Program;
        await RestartAsync(() =>
        {
            // As if the machine had run for long and the numbers of the first container's processes were in use again.
            var running = Running(id);
            _ = Tool.Kill(running.Shim.Pid, Tool.SigKill);
            _ = Tool.Kill(running.Program.Pid, Tool.SigKill);
            var file = PathOf($"node/containers/{id}/running.json");
            var reused = running with
            {
                Program = running.Program with { Pid = bystander.Pid },
                Shim = running.Shim with { Pid = bystander.Pid },
            };
            ProcessJson.Write(file, reused, ProcessJson.Default.RunningEntry);
            return Task.CompletedTask;
        });
        Assert.Equal((ContainerState.Exited, 137), ((await StatusAsync(id)).State, (await StatusAsync(id)).ExitCode));
        await _runtime.RemoveContainerAsync(id, None);
        Assert.True(bystander.IsAlive);
        Assert.Equal(ContainerState.Running, (await StatusAsync(other)).State);
    }

    [Fact]
    public async Task After_a_power_cut_sandboxes_are_not_ready_and_containers_have_ended()
    {
        var (sandbox, id) = await RunAsync(Container("sleep", "1000"));
        await RestartAsync(() =>
        {
            var running = Running(id);
            _ = Tool.Kill(running.Shim.Pid, Tool.SigKill);
            _ = Tool.Kill(running.Program.Pid, Tool.SigKill);
            foreach (var file in (string[])[$"node/containers/{id}/running.json", $"node/sandboxes/{sandbox}/record.json"])
            {
                File.WriteAllText(
                    PathOf(file),
                    File.ReadAllText(PathOf(file)).Replace(ProcessEntry.CurrentBoot, "another-boot", StringComparison.Ordinal)
                );
            }
            return Task.CompletedTask;
        });
        Assert.Equal(SandboxState.NotReady, Assert.Single(await _runtime.ListSandboxesAsync(None)).State);
        Assert.Equal((ContainerState.Exited, 137), ((await StatusAsync(id)).State, (await StatusAsync(id)).ExitCode));
    }

    [Fact]
    public async Task Nothing_is_left_of_a_removed_sandbox()
    {
        var (sandbox, id) = await RunAsync(Container("sleep", "1000"));
        var running = Running(id);
        await _runtime.RemoveSandboxAsync(sandbox, None);
        Assert.Empty(Directory.GetFiles(PathOf("node"), "*", SearchOption.AllDirectories));
        await UntilAsync(() => Task.FromResult(!running.Shim.IsAlive && !running.Program.IsAlive));
    }

    public override async ValueTask InitializeAsync()
    {
        Assert.SkipWhen(TestNode.Find("busybox") is null, "not installed: busybox");
        await _images.ImportAsync(TestImage.Busybox().WriteLayout(PathOf("layout"), "busybox"), None);
        await _runtime.StartAsync(None);
    }

    public override async ValueTask DisposeAsync()
    {
        foreach (var sandbox in await _runtime.ListSandboxesAsync(None))
        {
            await _runtime.RemoveSandboxAsync(sandbox.Id, None);
        }
        _runtime.Dispose();
        _images.Dispose();
        _directory.Delete(recursive: true);
    }

    protected override async Task RestartAsync(Func<Task> meanwhile)
    {
        _runtime.Dispose();
        await meanwhile();
        _runtime = NewRuntime();
        await _runtime.StartAsync(None);
    }

    protected override string NewLogPath(int number) => PathOf($"{number}.log");

    private RunningEntry Running(string id) =>
        ProcessJson.Read(PathOf($"node/containers/{id}/running.json"), ProcessJson.Default.RunningEntry)!;

    private static List<string> Lines(ContainerSpec spec) => [.. File.ReadLines(spec.LogPath).Select(l => l.Split(' ', 4)[3])];

    private string PathOf(string name) => Path.Combine(_directory.FullName, name);

    private ProcessRuntime NewRuntime() =>
        new(
            new ProcessRuntimeSettings
            {
                StateDirectory = PathOf("node"),
                NodeAddress = "127.0.0.1",
                ShimCommand = [Environment.ProcessPath!, ProcessShim.Command],
                Environment = ["OF_THE_NODE=node1"],
            },
            _images,
            TimeProvider.System,
            _entropy,
            NullLogger<ProcessRuntime>.Instance
        );
}
