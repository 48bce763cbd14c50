using System.Text;
using Petrel.Agent.Runtimes;

namespace Petrel.Agent.Tests.Runtimes;

/// <summary>What holds for every container runtime. Programs are busybox's; simulated ones behave as these would.</summary>
public abstract class RuntimeContract : IAsyncLifetime
{
    private const string Loop = "echo ready; while true; do sleep 0.05; done";
    private const string Busy = "while true; do :; done";
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(100);
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(200);
    private int _number;

    /// <summary>The runtime of the agent that lives now.</summary>
    protected abstract IContainerRuntime Runtime { get; }

    /// <summary>Whether programs really write logs.</summary>
    protected virtual bool HasOutput => true;

    /// <summary>The agent dies, and a new one works with the same state. Meanwhile no agent lives.</summary>
    protected abstract Task RestartAsync(Func<Task> meanwhile);

    protected abstract string NewLogPath(int number);

    public abstract ValueTask InitializeAsync();

    public abstract ValueTask DisposeAsync();

    [Fact]
    public async Task A_sandbox_is_run_once_and_listed_until_it_is_removed()
    {
        var pod = Pod();
        var sandbox = await Runtime.RunSandboxAsync(pod, None);
        Assert.Equal(
            (SandboxState.Ready, pod.PodNamespace, pod.PodName, pod.PodUid, 0),
            (sandbox.State, sandbox.PodNamespace, sandbox.PodName, sandbox.PodUid, sandbox.Attempt)
        );
        Assert.NotEmpty(sandbox.Addresses);
        Assert.Equal(sandbox.Id, (await Runtime.RunSandboxAsync(pod, None)).Id);
        var listed = Assert.Single(await Runtime.ListSandboxesAsync(None));
        Assert.Equal((sandbox.Id, sandbox.State, sandbox.CreatedAt), (listed.Id, listed.State, listed.CreatedAt));
        Assert.Equal(sandbox.Addresses, listed.Addresses);
        await Runtime.RemoveSandboxAsync(sandbox.Id, None);
        await Runtime.RemoveSandboxAsync(sandbox.Id, None);
        Assert.Empty(await Runtime.ListSandboxesAsync(None));
    }

    [Fact]
    public async Task A_stopped_sandbox_stays_on_record_and_the_pods_next_attempt_is_another_one()
    {
        var pod = Pod();
        var first = await Runtime.RunSandboxAsync(pod, None);
        await Runtime.StopSandboxAsync(first.Id, None);
        await Runtime.StopSandboxAsync(first.Id, None);
        var second = await Runtime.RunSandboxAsync(pod with { Attempt = 1 }, None);
        Assert.NotEqual(first.Id, second.Id);
        Assert.Equal(
            [(first.Id, 0, SandboxState.NotReady), (second.Id, 1, SandboxState.Ready)],
            (await Runtime.ListSandboxesAsync(None)).Select(s => (s.Id, s.Attempt, s.State))
        );
        var refused = await Assert.ThrowsAsync<RuntimeException>(() =>
            Runtime.CreateContainerAsync(first.Id, Container("true"), None).AsTask()
        );
        Assert.Equal("CreateContainerError", refused.Reason);
    }

    [Theory]
    [InlineData(0, "Completed")]
    [InlineData(3, "Error")]
    public async Task A_container_is_created_then_runs_then_has_exited_with_its_code(int code, string reason)
    {
        var sandbox = await Runtime.RunSandboxAsync(Pod(), None);
        var id = await Runtime.CreateContainerAsync(sandbox.Id, Script($"sleep 0.2; exit {code}"), None);
        var created = await StatusAsync(id);
        Assert.Equal((ContainerState.Created, null, null, null), (created.State, created.StartedAt, created.FinishedAt, created.ExitCode));
        Assert.Equal((sandbox.Id, sandbox.PodUid, "main", "busybox"), (created.SandboxId, created.PodUid, created.Name, created.Image));
        Assert.StartsWith("docker.io/library/busybox@sha256:", created.ImageId, StringComparison.Ordinal);
        await Runtime.StartContainerAsync(id, None);
        Assert.Equal(ContainerState.Running, (await StatusAsync(id)).State);
        var exited = await ExitedAsync(id);
        Assert.Equal((code, reason), (exited.ExitCode, exited.Reason));
        Assert.True(created.CreatedAt <= exited.StartedAt && exited.StartedAt <= exited.FinishedAt);
        await Runtime.StartContainerAsync(id, None);
        Assert.Equal(exited, await StatusAsync(id));
    }

    [Fact]
    public async Task Creating_and_starting_a_container_again_changes_nothing()
    {
        var sandbox = await Runtime.RunSandboxAsync(Pod(), None);
        var spec = Script(Loop);
        var id = await Runtime.CreateContainerAsync(sandbox.Id, spec, None);
        Assert.Equal(id, await Runtime.CreateContainerAsync(sandbox.Id, spec, None));
        await Runtime.StartContainerAsync(id, None);
        var running = Assert.Single(await Runtime.ListContainersAsync(None));
        await Runtime.StartContainerAsync(id, None);
        Assert.Equal(id, await Runtime.CreateContainerAsync(sandbox.Id, spec, None));
        Assert.Equal(running, Assert.Single(await Runtime.ListContainersAsync(None)));
    }

    [Fact]
    public async Task Running_containers_are_measured()
    {
        var (sandbox, id) = await RunAsync(Script(Busy));
        var used = TimeSpan.Zero;
        while (used == TimeSpan.Zero)
        {
            var usage = Assert.Single(await Runtime.ReadUsageAsync(None));
            Assert.Equal(id, usage.ContainerId);
            Assert.True(usage.WorkingSetBytes > 0);
            used = usage.CpuTime;
        }
        Assert.True(Assert.Single(await Runtime.ReadUsageAsync(None)).CpuTime >= used);
        await Runtime.StopSandboxAsync(sandbox, None);
        Assert.Empty(await Runtime.ReadUsageAsync(None));
    }

    [Fact]
    public async Task Each_attempt_of_a_container_is_one_of_its_own()
    {
        var (sandbox, first) = await RunAsync(Script("exit 1"));
        await ExitedAsync(first);
        var second = await Runtime.CreateContainerAsync(sandbox, Script(Loop) with { Attempt = 1 }, None);
        await Runtime.StartContainerAsync(second, None);
        Assert.NotEqual(first, second);
        Assert.Equal(
            [(first, 0, ContainerState.Exited), (second, 1, ContainerState.Running)],
            (await Runtime.ListContainersAsync(None)).Select(c => (c.Id, c.Attempt, c.State))
        );
        await Runtime.RemoveContainerAsync(first, None);
        Assert.Equal(second, Assert.Single(await Runtime.ListContainersAsync(None)).Id);
    }

    [Fact]
    public async Task Containers_are_listed_in_creation_order_by_the_next_agent_too()
    {
        var sandboxes = new List<string>();
        var created = new List<string>();
        for (var i = 0; i < 3; i++)
        {
            sandboxes.Add((await Runtime.RunSandboxAsync(Pod(), None)).Id);
        }
        for (var i = 0; i < 6; i++)
        {
            created.Add(await Runtime.CreateContainerAsync(sandboxes[i % 3], Script(Loop) with { Name = $"c{i}" }, None));
        }
        await RestartAsync(() => Task.CompletedTask);
        created.Add(await Runtime.CreateContainerAsync(sandboxes[0], Script(Loop), None));
        Assert.Equal(created, (await Runtime.ListContainersAsync(None)).Select(c => c.Id));
        Assert.Equal(sandboxes, (await Runtime.ListSandboxesAsync(None)).Select(s => s.Id));
    }

    [Fact]
    public async Task A_pods_status_has_its_own_sandboxes_and_containers_in_creation_order_and_no_others()
    {
        var (one, other) = (Pod(), Pod());
        var (first, old) = await RunAsync(Script("exit 1"), one);
        var (foreign, neighbour) = await RunAsync(Script(Loop), other);
        await ExitedAsync(old);
        await Runtime.StopSandboxAsync(first, None);
        var (second, running) = await RunAsync(Script(Loop) with { Attempt = 1 }, one with { Attempt = 1 });

        for (var agent = 0; agent < 2; agent++)
        {
            var status = await Runtime.GetPodStatusAsync(one.PodUid, None);
            Assert.Equal([(first, SandboxState.NotReady), (second, SandboxState.Ready)], status.Sandboxes.Select(s => (s.Id, s.State)));
            Assert.Equal([(old, ContainerState.Exited), (running, ContainerState.Running)], status.Containers.Select(c => (c.Id, c.State)));
            Assert.Equal(
                (foreign, neighbour),
                (
                    Assert.Single((await Runtime.GetPodStatusAsync(other.PodUid, None)).Sandboxes).Id,
                    Assert.Single((await Runtime.GetPodStatusAsync(other.PodUid, None)).Containers).Id
                )
            );
            await RestartAsync(() => Task.CompletedTask);
        }

        await Runtime.RemoveSandboxAsync(first, None);
        await Runtime.RemoveSandboxAsync(second, None);
        var gone = await Runtime.GetPodStatusAsync(one.PodUid, None);
        Assert.Empty(gone.Sandboxes);
        Assert.Empty(gone.Containers);
        Assert.Single(await Runtime.ListContainersAsync(None));
    }

    [Fact]
    public async Task A_pods_status_shows_a_container_that_has_ended_by_itself()
    {
        var pod = Pod();
        var (_, id) = await RunAsync(Script("sleep 0.2; exit 4"), pod);
        await UntilAsync(async () =>
            (await Runtime.GetPodStatusAsync(pod.PodUid, None)).Containers is [{ State: ContainerState.Exited, ExitCode: 4 } ended]
            && ended.Id == id
        );
    }

    [Fact]
    public async Task A_container_that_heeds_SIGTERM_ends_within_its_grace()
    {
        var (_, id) = await RunReadyAsync(Polite());
        await Runtime.StopContainerAsync(id, Long, None).AsTask().WaitAsync(TimeSpan.FromSeconds(15));
        var status = await StatusAsync(id);
        Assert.Equal((ContainerState.Exited, 143, "Error"), (status.State, status.ExitCode, status.Reason));
        await Runtime.StopContainerAsync(id, Long, None);
        Assert.Equal(status, await StatusAsync(id));
    }

    [Fact]
    public async Task A_container_that_ignores_SIGTERM_is_killed_after_its_grace()
    {
        var (_, id) = await RunReadyAsync(Deaf());
        await Runtime.StopContainerAsync(id, Short, None);
        var status = await StatusAsync(id);
        Assert.Equal((ContainerState.Exited, 137, "Error"), (status.State, status.ExitCode, status.Reason));
    }

    [Fact]
    public async Task Without_grace_a_container_is_killed_at_once()
    {
        var (_, id) = await RunReadyAsync(Polite());
        await Runtime.StopContainerAsync(id, TimeSpan.Zero, None);
        Assert.Equal(137, (await StatusAsync(id)).ExitCode);
    }

    [Fact]
    public async Task A_shorter_grace_overtakes_a_longer_one()
    {
        var (_, id) = await RunReadyAsync(Deaf());
        using var hurry = new CancellationTokenSource();
        var patient = Runtime.StopContainerAsync(id, Long, hurry.Token).AsTask();
        hurry.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => patient);
        Assert.Equal(ContainerState.Running, (await StatusAsync(id)).State);
        await Runtime.StopContainerAsync(id, Short, None);
        Assert.Equal(137, (await StatusAsync(id)).ExitCode);
    }

    [Fact]
    public async Task A_container_that_never_ran_can_be_stopped_and_removed()
    {
        var sandbox = await Runtime.RunSandboxAsync(Pod(), None);
        var id = await Runtime.CreateContainerAsync(sandbox.Id, Script(Loop), None);
        await Runtime.StopContainerAsync(id, Short, None);
        var status = await StatusAsync(id);
        Assert.Equal((ContainerState.Exited, 137, null), (status.State, status.ExitCode, status.StartedAt));
        await Runtime.StartContainerAsync(id, None);
        Assert.Equal(ContainerState.Exited, (await StatusAsync(id)).State);
        await Runtime.RemoveContainerAsync(id, None);
        Assert.Empty(await Runtime.ListContainersAsync(None));
    }

    [Fact]
    public async Task A_pod_is_told_of_when_its_container_ends_by_itself()
    {
        var changed = Changes();
        var pod = Pod();
        await RunAsync(Script("sleep 0.2; exit 0"), pod);
        Assert.Equal(pod.PodUid, await changed.WaitAsync(TimeSpan.FromSeconds(15)));
    }

    [Fact]
    public async Task The_next_agent_lists_and_controls_what_the_one_before_started()
    {
        var (sandbox, polite) = await RunReadyAsync(Polite());
        var (_, deaf) = await RunReadyAsync(Deaf());
        var (containers, sandboxes) = (await Runtime.ListContainersAsync(None), await Runtime.ListSandboxesAsync(None));
        await RestartAsync(() => Task.CompletedTask);
        Assert.Equal(containers, await Runtime.ListContainersAsync(None));
        Assert.Equal(sandboxes.Select(s => (s.Id, s.State)), (await Runtime.ListSandboxesAsync(None)).Select(s => (s.Id, s.State)));
        Assert.Equal(0, (await Runtime.ExecAsync(polite, ["sh", "-c", "exit 0"], Long, None)).ExitCode);
        await Runtime.StopContainerAsync(polite, Long, None);
        await Runtime.StopContainerAsync(deaf, Short, None);
        Assert.Equal([143, 137], (await Runtime.ListContainersAsync(None)).Select(c => c.ExitCode!.Value));
        var more = await Runtime.CreateContainerAsync(sandbox, Script(Loop) with { Attempt = 1 }, None);
        await Runtime.StartContainerAsync(more, None);
        Assert.Equal(ContainerState.Running, (await StatusAsync(more)).State);
    }

    [Fact]
    public async Task The_next_agent_is_told_of_the_end_of_what_the_one_before_started()
    {
        var pod = Pod();
        var (_, id) = await RunAsync(Script("sleep 1; exit 5"), pod);
        await RestartAsync(() => Task.CompletedTask);
        var changed = Changes();
        Assert.Equal(pod.PodUid, await changed.WaitAsync(TimeSpan.FromSeconds(15)));
        Assert.Equal((ContainerState.Exited, 5), ((await StatusAsync(id)).State, (await StatusAsync(id)).ExitCode));
    }

    [Fact]
    public async Task What_ended_while_no_agent_lived_has_its_exit_code()
    {
        var (_, id) = await RunAsync(Script("sleep 0.2; exit 6"));
        await RestartAsync(() => Task.Delay(1000));
        var status = await StatusAsync(id);
        Assert.Equal((ContainerState.Exited, 6, "Error"), (status.State, status.ExitCode, status.Reason));
        Assert.True(status.FinishedAt - status.StartedAt < TimeSpan.FromSeconds(0.9), "it ended when it did, not when that was found");
    }

    [Fact]
    public async Task Stopping_a_sandbox_kills_its_containers_and_removing_it_removes_them()
    {
        var (sandbox, polite) = await RunReadyAsync(Polite());
        var deaf = await Runtime.CreateContainerAsync(sandbox, Deaf() with { Name = "deaf" }, None);
        await Runtime.StartContainerAsync(deaf, None);
        var (_, other) = await RunReadyAsync(Script(Loop));
        await Runtime.StopSandboxAsync(sandbox, None);
        Assert.Equal(
            [(polite, ContainerState.Exited, 137), (deaf, ContainerState.Exited, 137), (other, ContainerState.Running, 0)],
            (await Runtime.ListContainersAsync(None)).Select(c => (c.Id, c.State, c.ExitCode ?? 0))
        );
        await Runtime.RemoveSandboxAsync(sandbox, None);
        Assert.Equal(other, Assert.Single(await Runtime.ListContainersAsync(None)).Id);
        await RestartAsync(() => Task.CompletedTask);
        Assert.Equal(other, Assert.Single(await Runtime.ListContainersAsync(None)).Id);
    }

    [Fact]
    public async Task Removing_a_running_container_ends_it()
    {
        var (_, id) = await RunReadyAsync(Deaf());
        await Runtime.RemoveContainerAsync(id, None);
        await Runtime.RemoveContainerAsync(id, None);
        Assert.Empty(await Runtime.ListContainersAsync(None));
    }

    [Fact]
    public async Task A_command_inside_returns_its_code_and_is_killed_at_its_limit()
    {
        var (_, id) = await RunReadyAsync(Script(Loop));
        var result = await Runtime.ExecAsync(id, ["sh", "-c", "echo out; echo err >&2; exit 9"], Long, None);
        Assert.Equal(9, result.ExitCode);
        if (HasOutput)
        {
            Assert.Equal(("out\n", "err\n"), (Encoding.UTF8.GetString(result.Output), Encoding.UTF8.GetString(result.ErrorOutput)));
        }
        await Assert.ThrowsAsync<TimeoutException>(() => Runtime.ExecAsync(id, ["sleep", "777"], Short, None).AsTask());
        Assert.Equal(ContainerState.Running, (await StatusAsync(id)).State);
        await Runtime.StopContainerAsync(id, TimeSpan.Zero, None);
        var refused = await Assert.ThrowsAsync<RuntimeException>(() => Runtime.ExecAsync(id, ["true"], Long, None).AsTask());
        Assert.Equal("ExecError", refused.Reason);
    }

    [Fact]
    public async Task Output_is_logged_line_by_line_in_the_CRI_format()
    {
        Assert.SkipWhen(!HasOutput, "simulated programs write nothing");
        var long_ = new string('x', 20000);
        var spec = Script($"echo hello; echo oops >&2; echo; echo {long_}; printf unfinished");
        var before = DateTimeOffset.UtcNow.AddSeconds(-1);
        var (_, id) = await RunAsync(spec);
        await ExitedAsync(id);
        // time stream tag text
        var lines = (await File.ReadAllLinesAsync(spec.LogPath)).Select(l => l.Split(' ', 4)).ToList();
        Assert.All(lines, l => Assert.InRange(DateTimeOffset.Parse(l[0]), before, DateTimeOffset.UtcNow));
        Assert.All(lines, l => Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}(Z|[+-]\d\d:\d\d)$", l[0]));
        Assert.Equal("oops", Assert.Single(lines, l => l[1] == "stderr" && l[2] == "F")[3]);
        var text = new StringBuilder();
        foreach (var line in lines.Where(l => l[1] == "stdout"))
        {
            text.Append(line[3]).Append(line[2] == "F" ? "\n" : "");
        }
        Assert.StartsWith($"hello\n\n{long_}\nunfinished", text.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_images_that_are_present_can_be_run()
    {
        Assert.Null(await Runtime.FindImageAsync("example.com/absent:1", None));
        var present = await Runtime.FindImageAsync("busybox", None);
        Assert.Contains("docker.io/library/busybox:latest", present!.References);
        Assert.Equal(present.Id, (await Runtime.FindImageAsync(present.Id, None))!.Id);
        Assert.Equal(present.Id, Assert.Single(await Runtime.ListImagesAsync(None)).Id);
        var sandbox = await Runtime.RunSandboxAsync(Pod(), None);
        var absent = Script(Loop) with { Image = "example.com/absent:1" };
        var refused = await Assert.ThrowsAsync<RuntimeException>(() => Runtime.CreateContainerAsync(sandbox.Id, absent, None).AsTask());
        Assert.Equal("CreateContainerError", refused.Reason);
        Assert.Contains("example.com/absent:1", refused.Message, StringComparison.Ordinal);
        var unnamed = await Assert.ThrowsAsync<RuntimeException>(() => Runtime.FindImageAsync("Not an image", None).AsTask());
        Assert.Equal("InvalidImageName", unnamed.Reason);
        Assert.Empty(await Runtime.ListContainersAsync(None));
    }

    [Fact]
    public async Task What_does_not_exist_can_be_stopped_and_removed_and_not_started()
    {
        await Runtime.StopContainerAsync("no-such-id", Long, None);
        await Runtime.RemoveContainerAsync("no-such-id", None);
        await Runtime.StopSandboxAsync("no-such-id", None);
        await Runtime.RemoveSandboxAsync("no-such-id", None);
        Assert.Equal(
            "RunContainerError",
            (await Assert.ThrowsAsync<RuntimeException>(() => Runtime.StartContainerAsync("no-such-id", None).AsTask())).Reason
        );
        await Assert.ThrowsAsync<RuntimeException>(() => Runtime.CreateContainerAsync("no-such-id", Script(Loop), None).AsTask());
    }

    protected SandboxSpec Pod()
    {
        var name = $"pod-{++_number}";
        return new()
        {
            PodNamespace = "default",
            PodName = name,
            PodUid = $"uid-of-{name}",
            Hostname = name,
        };
    }

    protected ContainerSpec Container(params string[] command) =>
        new()
        {
            Name = "main",
            Image = "busybox",
            Command = command,
            LogPath = NewLogPath(++_number),
        };

    protected ContainerSpec Script(string script) => Container("sh", "-c", script);

    protected async Task<(string Sandbox, string Container)> RunAsync(ContainerSpec spec, SandboxSpec? pod = null)
    {
        var sandbox = await Runtime.RunSandboxAsync(pod ?? Pod(), None);
        var id = await Runtime.CreateContainerAsync(sandbox.Id, spec, None);
        await Runtime.StartContainerAsync(id, None);
        return (sandbox.Id, id);
    }

    protected async Task<ContainerStatus> StatusAsync(string id) => (await Runtime.ListContainersAsync(None)).Single(c => c.Id == id);

    protected async Task<ContainerStatus> ExitedAsync(string id)
    {
        await UntilAsync(async () => (await StatusAsync(id)).State == ContainerState.Exited);
        return await StatusAsync(id);
    }

    protected static async Task UntilAsync(Func<Task<bool>> condition)
    {
        var deadline = TimeProvider.System.GetUtcNow().AddSeconds(15);
        while (!await condition())
        {
            Assert.True(TimeProvider.System.GetUtcNow() < deadline, "the condition did not come true in 15 s");
            await Task.Delay(5);
        }
    }

    private ContainerSpec Polite() => Script("trap 'exit 143' TERM; " + Loop);

    private ContainerSpec Deaf() => Script("trap '' TERM; " + Loop);

    // Signals have no meaning to a program before it has said what to do with them.
    private async Task<(string Sandbox, string Container)> RunReadyAsync(ContainerSpec spec)
    {
        var ids = await RunAsync(spec);
        if (HasOutput)
        {
            await UntilAsync(async () =>
                File.Exists(spec.LogPath) && (await File.ReadAllTextAsync(spec.LogPath)).Contains("ready", StringComparison.Ordinal)
            );
        }
        return ids;
    }

    private Task<string> Changes()
    {
        var changed = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        Runtime.PodChanged = uid => changed.TrySetResult(uid);
        return changed.Task;
    }
}
