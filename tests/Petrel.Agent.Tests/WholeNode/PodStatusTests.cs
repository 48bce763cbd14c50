using System.Text.Json.Nodes;
using k8s.Models;
using Petrel.Model;

namespace Petrel.Agent.Tests.WholeNode;

/// <summary>What the API says of pods whose real containers end, fail their probes or can't start.</summary>
public sealed class PodStatusTests(RealNode node) : IClassFixture<RealNode>
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Theory]
    [InlineData("Always", "Running", 2, true)]
    [InlineData("OnFailure", "Succeeded", 1, false)]
    [InlineData("Never", "Failed", 0, false)]
    public async Task The_restart_policy_decides_what_follows_an_exit(string policy, string phase, int restarts, bool ready)
    {
        // It fails, then succeeds, then runs on.
        const string Script = """
            echo x >> /v/starts
            case $(grep -c x /v/starts) in
            1) exit 1 ;;
            2) exit 0 ;;
            esac
            exec sleep 1000
            """;
        var pod = await node.CreateAsync(node.Pod(Script, p =>
            {
                p.Spec.RestartPolicy = policy;
                p.Spec.Volumes = [new() { Name = "v", EmptyDir = new() }];
                p.Spec.Containers[0].VolumeMounts = [new() { Name = "v", MountPath = "/v" }];
            }));

        var reached = await node.UntilAsync(pod, p =>
            p.Status?.Phase == phase && p.Status.ContainerStatuses is [{ } c] && c.Ready == ready && c.RestartCount == restarts
        );

        var state = reached.Status.ContainerStatuses[0].State;
        Assert.Equal((ready, !ready), (state.Running is not null, state.Terminated is not null));
        await node.DeleteAsync(pod);
    }

    [Theory]
    [InlineData("echo -n DONE", 0, null)]
    [InlineData("echo -n OK > /dev/termination-log; echo DONE", 0, "OK")]
    [InlineData("echo -n DONE; exit 1", 1, "DONE")]
    public async Task A_message_falls_back_to_the_log_only_on_an_error(string script, int exitCode, string? message)
    {
        var terminated = await EndOfAsync(node.Pod(script, p => p.Spec.Containers[0].TerminationMessagePolicy = "FallbackToLogsOnError"));
        Assert.Equal((exitCode, message), (terminated.ExitCode, terminated.Message));
    }

    [Fact]
    public async Task A_message_of_another_user_at_another_path_is_told()
    {
        var pod = node.Pod("echo -n DONE > /dev/custom-log", p =>
        {
            p.Spec.Containers[0].TerminationMessagePath = "/dev/custom-log";
            p.Spec.Containers[0].SecurityContext = new() { RunAsUser = 10000 };
        });
        Assert.Equal("DONE", (await EndOfAsync(pod)).Message);
    }

    [Fact]
    public async Task A_command_that_fails_has_a_reason_and_its_pod_can_be_deleted()
    {
        var pod = node.Pod("", p => p.Spec.Containers[0].Command = ["false"]);
        var terminated = await EndOfAsync(pod);
        Assert.Equal((1, "Error"), (terminated.ExitCode, terminated.Reason));
        await GoneAsync(pod.Metadata.Name);
    }

    [Theory]
    [InlineData("exec")]
    [InlineData("http")]
    [InlineData("tcp")]
    public async Task A_container_is_ready_while_its_probe_passes_and_restarted_when_it_fails(string kind)
    {
        const string Script =
            "mkdir -p /tmp/w; echo ok > /tmp/w/healthz; httpd -f -p 8080 -h /tmp/w & echo $! > /tmp/pid; while true; do sleep 0.1; done";
        var pod = await node.CreateAsync(node.Pod(Script, p =>
            {
                p.Spec.RestartPolicy = "Always";
                p.Spec.Containers[0].LivenessProbe = Probe(kind);
                p.Spec.Containers[0].ReadinessProbe = Probe(kind);
            }));
        var ready = await node.UntilAsync(pod, p => p.Status?.ContainerStatuses?[0].Ready == true);
        Assert.Equal(0, ready.Status.ContainerStatuses[0].RestartCount);

        await node.ExecAsync(ready, "sh", "-c", kind == "tcp" ? "kill $(cat /tmp/pid)" : "rm /tmp/w/healthz");

        var restarted = await node.UntilAsync(pod, p => p.Status.ContainerStatuses[0] is { Ready: true, RestartCount: 1 });
        Assert.Equal("Running", restarted.Status.Phase);
        await node.DeleteAsync(pod);
    }

    [Fact]
    public async Task A_postStart_hook_runs_in_the_container()
    {
        var pod = node.Pod("until [ -e /tmp/hello ]; do sleep 0.05; done; cat /tmp/hello", p =>
            p.Spec.Containers[0].Lifecycle = new()
            {
                PostStart = new() { Exec = new() { Command = ["sh", "-c", "echo hello > /tmp/new; mv /tmp/new /tmp/hello"] } },
            }
        );
        Assert.Equal("hello", (await node.RunAsync(pod)).Output);
    }

    [Theory]
    [InlineData("..")]
    [InlineData("/tmp")]
    public async Task A_subPath_that_a_variable_leads_out_keeps_the_container_from_starting(string value)
    {
        var pod = await node.CreateAsync(node.Pod("true", p =>
            {
                p.Spec.Volumes = [new() { Name = "work", EmptyDir = new() }];
                p.Spec.Containers[0].Env = [new() { Name = "POD_NAME", Value = value }];
                p.Spec.Containers[0].VolumeMounts =
                [
                    new()
                    {
                        Name = "work",
                        MountPath = "/logs",
                        SubPathExpr = "$(POD_NAME)",
                    },
                ];
            }));
        await node.UntilAsync(pod, p => WaitsFor(p) == "CreateContainerConfigError");
        await node.DeleteAsync(pod);
    }

    [Fact]
    public async Task A_subPath_from_an_annotation_waits_for_it_is_written_to_and_stays_when_it_changes()
    {
        var pod = await node.CreateAsync(node.Pod("sleep 1000", p =>
            {
                p.Metadata.Annotations = new Dictionary<string, string> { ["notmysubpath"] = "mypath" };
                p.Spec.Volumes = [new() { Name = "work", EmptyDir = new() }];
                p.Spec.Containers[0].Env =
                [
                    new() { Name = "POD_NAME", Value = "foo" },
                    new()
                    {
                        Name = "ANNOTATION",
                        ValueFrom = new() { FieldRef = new() { FieldPath = "metadata.annotations['mysubpath']" } },
                    },
                ];
                p.Spec.Containers[0].VolumeMounts =
                [
                    new()
                    {
                        Name = "work",
                        MountPath = "/subpath_mount",
                        SubPathExpr = "$(ANNOTATION)/$(POD_NAME)",
                    },
                    new() { Name = "work", MountPath = "/volume_mount" },
                ];
            }));
        await node.UntilAsync(pod, p => WaitsFor(p) == "CreateContainerConfigError");

        await AnnotateAsync(pod, "mypath");
        var running = await node.UntilAsync(pod, p => p.Status.Phase == "Running");
        await node.ExecAsync(running, "touch", "/volume_mount/mypath/foo/test.log");
        await node.ExecAsync(running, "test", "-f", "/subpath_mount/test.log");

        await AnnotateAsync(pod, "mynewpath");
        await node.ExecAsync(running, "touch", "/subpath_mount/more.log");
        await node.ExecAsync(running, "test", "-f", "/volume_mount/mypath/foo/more.log");
        var still = await node.UntilAsync(pod, p => p.Metadata.Annotations["mysubpath"] == "mynewpath");
        Assert.Equal(("Running", 0), (still.Status.Phase, still.Status.ContainerStatuses[0].RestartCount));

        await node.User.DeleteAsync<V1Pod>(new ObjectKey("default", pod.Metadata.Name), new(), None);
        await GoneAsync(pod.Metadata.Name);
    }

    private async Task<V1ContainerStateTerminated> EndOfAsync(V1Pod pod)
    {
        await node.CreateAsync(pod);
        var ended = await node.UntilAsync(pod, p => p.Status?.Phase is "Succeeded" or "Failed");
        await node.DeleteAsync(pod);
        return ended.Status.ContainerStatuses[0].State.Terminated;
    }

    private Task GoneAsync(string name) =>
        Oci.OciTestBed.UntilAsync(async () => await node.User.FindAsync<V1Pod>(new ObjectKey("default", name), None) is null);

    private async Task AnnotateAsync(V1Pod pod, string value) =>
        await node.User.PatchAsync<V1Pod>(
            new ObjectKey("default", pod.Metadata.Name),
            new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { ["mysubpath"] = value } } },
            None
        );

    private static string? WaitsFor(V1Pod pod) => pod.Status?.ContainerStatuses?[0].State?.Waiting?.Reason;

    private static V1Probe Probe(string kind) =>
        new()
        {
            Exec = kind == "exec" ? new() { Command = ["cat", "/tmp/w/healthz"] } : null,
            HttpGet = kind == "http" ? new() { Path = "/healthz", Port = 8080 } : null,
            TcpSocket = kind == "tcp" ? new() { Port = 8080 } : null,
            InitialDelaySeconds = 1,
            PeriodSeconds = 1,
            FailureThreshold = 2,
        };
}
