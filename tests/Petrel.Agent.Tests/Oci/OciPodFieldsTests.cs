using Petrel.Agent.Runtimes;
using Petrel.Agent.Volumes;

namespace Petrel.Agent.Tests.Oci;

/// <summary>Fields of pods that need a real kernel: seccomp profiles, limits of processes, the node's namespaces, messages.</summary>
public sealed class OciPodFieldsTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task A_seccomp_profile_that_is_missing_is_an_error_that_names_its_file()
    {
        await using var bed = await OciTestBed.StartAsync();
        var refused = await Assert.ThrowsAsync<RuntimeException>(() => bed.RunAsync(WithSeccomp(bed, new("Localhost", "dir/none.json"))));
        Assert.Equal("CreateContainerError", refused.Reason);
        Assert.Equal(
            $"cannot load seccomp profile \"{bed.Settings.SeccompProfiles}/dir/none.json\": no such file on the node",
            refused.Message
        );
        refused = await Assert.ThrowsAsync<RuntimeException>(() => bed.RunAsync(WithSeccomp(bed, new("Localhost", "../outside.json"))));
        Assert.Contains("must be a relative path without '..'", refused.Message);
        refused = await Assert.ThrowsAsync<RuntimeException>(() => bed.RunAsync(WithSeccomp(bed, new("Whatever"))));
        Assert.Equal("unknown seccomp profile type \"Whatever\"", refused.Message);
    }

    [Theory]
    [InlineData("[]", "it is not a seccomp profile")]
    [InlineData("{\"syscalls\":[]}", "it is not a seccomp profile")]
    [InlineData("{", "cannot load seccomp profile")]
    public async Task A_seccomp_profile_that_is_none_is_an_error(string content, string problem)
    {
        await using var bed = await OciTestBed.StartAsync();
        Directory.CreateDirectory(bed.Settings.SeccompProfiles);
        await File.WriteAllTextAsync(Path.Combine(bed.Settings.SeccompProfiles, "bad.json"), content, None);
        var refused = await Assert.ThrowsAsync<RuntimeException>(() => bed.RunAsync(WithSeccomp(bed, new("Localhost", "bad.json"))));
        Assert.Contains(problem, refused.Message);
    }

    [Fact]
    public async Task The_default_profile_that_is_missing_never_turns_seccomp_off()
    {
        await using var bed = await OciTestBed.StartAsync(change: s => s with { SeccompProfile = "/nowhere/seccomp.json" });
        var refused = await Assert.ThrowsAsync<RuntimeException>(() => bed.RunAsync(bed.Container("true")));
        Assert.StartsWith("cannot load seccomp profile \"/nowhere/seccomp.json\": the default profile is missing", refused.Message);
        Assert.Equal("Seccomp:\t0", await SeccompLineAsync(bed, new(SeccompSetting.Unconfined)));
    }

    [Fact]
    public async Task A_profile_of_the_node_holds_and_Unconfined_lifts_the_default()
    {
        await using var bed = await OciTestBed.StartAsync();
        Directory.CreateDirectory(Path.Combine(bed.Settings.SeccompProfiles, "team"));
        await File.WriteAllTextAsync(
            Path.Combine(bed.Settings.SeccompProfiles, "team", "no-mkdir.json"),
            """
            {"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO","errnoRet":1}]}
            """,
            None
        );
        var spec = WithSeccomp(
            bed,
            new("Localhost", "team/no-mkdir.json"),
            "sh",
            "-c",
            "mkdir /a 2>/dev/null && echo made || echo refused"
        );
        Assert.Equal("refused", (await bed.OutputOfAsync(spec)).Output);
        Assert.Equal("Seccomp:\t2", await SeccompLineAsync(bed, SeccompSetting.Default));
        Assert.Equal("Seccomp:\t0", await SeccompLineAsync(bed, new(SeccompSetting.Unconfined)));
    }

    [Fact]
    public async Task A_pod_can_start_only_so_many_processes()
    {
        await using var bed = await OciTestBed.StartAsync();
        var pod = bed.Pod() with { Limits = new() { Pids = 20 } };
        // The loop ends at the limit, because the shell can't fork any more.
        var spec = bed.Container("sh", "-c", "i=0; while [ $i -lt 100 ]; do sleep 100 & i=$((i+1)); done; echo all");
        var (_, id) = await bed.RunAsync(spec, pod);
        await bed.ExitedAsync(id);
        Assert.DoesNotContain("all", OciTestBed.Text(spec), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pod_with_hostPID_and_hostIPC_shares_the_nodes_namespaces_and_leaves_nothing()
    {
        await using var bed = await OciTestBed.StartAsync();
        var pod = bed.Pod() with { HostPid = true, HostIpc = true };
        var (sandbox, id) = await bed.RunAsync(bed.Container("sh", "-c", "sleep 4242 & sleep 1000"), pod);
        Assert.Equal(new FileInfo("/proc/self/ns/pid").LinkTarget, await NamespaceAsync("pid"));
        Assert.Equal(new FileInfo("/proc/self/ns/ipc").LinkTarget, await NamespaceAsync("ipc"));
        Assert.NotEqual(new FileInfo("/proc/self/ns/mnt").LinkTarget, await NamespaceAsync("mnt"));
        await bed.Runtime.StopContainerAsync(id, TimeSpan.Zero, None);
        await bed.Runtime.RemoveSandboxAsync(sandbox, None);
        await OciTestBed.UntilAsync(() => Task.FromResult(!Commands().Contains("sleep 4242 ")));

        async Task<string> NamespaceAsync(string kind) => (await bed.ExecAsync(id, "ls", "-l", $"/proc/self/ns/{kind}")).Split("-> ")[1];

        static string Commands() =>
            string.Join(
                '\n',
                Directory
                    .GetDirectories("/proc")
                    .Where(d => int.TryParse(Path.GetFileName(d), out _))
                    .Select(d => TryRead($"{d}/cmdline").Replace('\0', ' '))
            );

        static string TryRead(string path)
        {
            try
            {
                return File.ReadAllText(path);
            }
            catch (IOException)
            {
                return "";
            }
        }
    }

    [Fact]
    public async Task Names_aliases_and_resolver_are_in_the_pods_files()
    {
        await using var bed = await OciTestBed.StartAsync();
        var pod = bed.Pod("web") with
        {
            FullName = "web.sub.default.svc.cluster.local",
            HostEntries = [new("192.0.2.7", ["a.test"])],
            Resolver = new()
            {
                Nameservers = ["192.0.2.53"],
                Searches = ["my.test"],
                Options = ["ndots:2"],
            },
        };
        var (_, id) = await bed.RunAsync(bed.Container("sleep", "1000"), pod);
        var hosts = await bed.ExecAsync(id, "cat", "/etc/hosts");
        Assert.Contains("\tweb.sub.default.svc.cluster.local\tweb", hosts);
        Assert.Contains("192.0.2.7\ta.test", hosts);
        Assert.Equal("search my.test\nnameserver 192.0.2.53\noptions ndots:2", await bed.ExecAsync(id, "cat", "/etc/resolv.conf"));
    }

    [Fact]
    public async Task A_container_writes_its_termination_message_and_links_lead_nowhere()
    {
        await using var bed = await OciTestBed.StartAsync();
        var files = new LinuxPodFiles(bed.PathOf("pods"));
        var secret = bed.PathOf("secret");
        await File.WriteAllTextAsync(secret, "secret", None);
        var file = await files.EnsureTerminationFileAsync("uid", "main", 0, None);
        // The container's user may be any, and it may try to put a link in the file's place.
        var script = $"echo -n last words > /dev/termination-log; ln -sf {secret} /dev/termination-log; rm -f /dev/termination-log; exit 3";
        var spec = bed.Container("sh", "-c", script) with
        {
            Mounts = [new(file, "/dev/termination-log", false)],
            Security = new() { RunAsUser = 1234, RunAsGroup = 1234 },
        };
        var (_, id) = await bed.RunAsync(spec);
        await bed.ExitedAsync(id);
        Assert.Equal("last words"u8.ToArray(), await files.ReadTerminationFileAsync("uid", "main", 0, 4096, None));
    }

    private static ContainerSpec WithSeccomp(OciTestBed bed, SeccompSetting seccomp, params string[] command) =>
        bed.Container(command.Length > 0 ? command : ["true"]) with
        {
            Security = new() { Seccomp = seccomp },
        };

    private static async Task<string> SeccompLineAsync(OciTestBed bed, SeccompSetting seccomp) =>
        (await bed.OutputOfAsync(WithSeccomp(bed, seccomp, "grep", "Seccomp:", "/proc/self/status"))).Output;
}
