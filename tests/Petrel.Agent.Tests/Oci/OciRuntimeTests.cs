using Petrel.Agent.Runtimes;
using Petrel.Agent.Runtimes.Oci;

namespace Petrel.Agent.Tests.Oci;

public sealed class OciRuntimeTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task A_container_runs_and_its_log_has_the_cri_format()
    {
        await using var bed = await OciTestBed.StartAsync();
        var spec = bed.Container("sh", "-c", "echo hello; echo oops >&2; exit 3");
        var (_, id) = await bed.RunAsync(spec);
        var status = await bed.ExitedAsync(id);
        Assert.Equal(3, status.ExitCode);
        Assert.Equal("Error", status.Reason);
        Assert.NotNull(status.StartedAt);
        Assert.NotNull(status.FinishedAt);
        var lines = File.ReadAllLines(spec.LogPath);
        Assert.Contains(lines, l => l.EndsWith(" stdout F hello", StringComparison.Ordinal));
        Assert.Contains(lines, l => l.EndsWith(" stderr F oops", StringComparison.Ordinal));
        Assert.All(lines, l => DateTimeOffset.Parse(l.Split(' ')[0]));
    }

    [Fact]
    public async Task Its_exit_is_told_without_being_asked_for()
    {
        await using var bed = await OciTestBed.StartAsync();
        var changed = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        bed.Runtime.PodChanged = uid => changed.TrySetResult(uid);
        var pod = bed.Pod();
        await bed.RunAsync(bed.Container("true"), pod);
        Assert.Equal(pod.PodUid, await changed.Task.WaitAsync(TimeSpan.FromSeconds(10)));
    }
}
