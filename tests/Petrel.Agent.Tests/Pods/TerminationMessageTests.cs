using System.Text;
using k8s.Models;
using Petrel.Agent.Volumes;

namespace Petrel.Agent.Tests.Pods;

/// <summary>Termination messages in a pod's status, with real files.</summary>
public sealed class TerminationMessageTests : AgentTestBed
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("petrel-messages-");

    [Theory]
    [InlineData("File", 1, "from the file", "from the file")]
    [InlineData("File", 1, "", null)]
    [InlineData("FallbackToLogsOnError", 1, "from the file", "from the file")]
    [InlineData("FallbackToLogsOnError", 1, "", "the log's end\n")]
    [InlineData("FallbackToLogsOnError", 0, "", null)]
    public void The_policy_decides_where_the_message_comes_from(string policy, int exitCode, string written, string? expected)
    {
        var message = MessageOf(policy, exitCode, written, "the log's end");
        Assert.Equal(expected, message);
    }

    [Fact]
    public void A_long_message_is_cut_to_its_last_4096_bytes()
    {
        var message = MessageOf("File", 1, new string('a', 10_000) + new string('b', 4096), "");
        Assert.Equal(new string('b', 4096), message);
    }

    [Fact]
    public void The_messages_of_a_pod_share_12_KiB()
    {
        var message = MessageOf("File", 1, new string('é', 4096), "", more: 11);
        Assert.Equal(1024, Encoding.UTF8.GetByteCount(message!));
        Assert.Equal(new string('é', 512), message);
    }

    [Fact]
    public void The_end_of_a_long_log_is_at_most_80_lines_and_2048_bytes()
    {
        var lines = Enumerable.Range(0, 200).Select(n => $"{n}").ToArray();
        Assert.Equal(string.Concat(lines[120..].Select(l => l + "\n")), MessageOf("FallbackToLogsOnError", 1, "", lines));
        var wide = MessageOf("FallbackToLogsOnError", 1, "", Enumerable.Repeat(new string('x', 100), 100).ToArray(), name: "wide");
        Assert.Equal(2048, wide!.Length);
    }

    private string? MessageOf(string policy, int exitCode, string written, string log) => MessageOf(policy, exitCode, written, [log]);

    private string? MessageOf(string policy, int exitCode, string written, string log, int more) =>
        MessageOf(policy, exitCode, written, [log], more);

    private string? MessageOf(string policy, int exitCode, string written, string[] log, int more = 0, string name = "job")
    {
        var files = new LinuxPodFiles(_directory.FullName);
        Restart(files);
        Behaviours["main"] = new() { EndsAfter = TimeSpan.FromSeconds(3), ExitCode = exitCode };
        Create(Pod(name, p =>
            {
                p.Spec.RestartPolicy = "Never";
                p.Spec.Containers[0].TerminationMessagePolicy = policy;
                for (var i = 0; i < more; i++)
                {
                    p.Spec.Containers.Add(new() { Name = $"c{i}", Image = "web:1" });
                }
            }));
        for (var i = 0; Get<V1Pod>(name).Status.ContainerStatuses?[0].State?.Running is null; i++)
        {
            Assert.True(i < 100, "the container did not start");
            Run(0.1);
        }
        var uid = Get<V1Pod>(name).Metadata.Uid;
        File.WriteAllText(Path.Combine(_directory.FullName, "pods", uid, "termination", "main", "0"), written);
        File.WriteAllLines(
            files.LogPath("default", name, uid, "main", 0),
            log.Where(l => l.Length > 0).Select(l => $"2026-01-01T00:00:01.000000001Z stdout F {l}")
        );
        Run(6);
        var terminated = Get<V1Pod>(name).Status.ContainerStatuses[0].State.Terminated;
        Assert.Equal(exitCode, terminated.ExitCode);
        return terminated.Message;
    }

    private void Restart(IPodFiles files)
    {
        Agent.Kill();
        Agent = StartAgent(files);
        Run(2);
    }
}
