using Petrel.Agent.Runtimes;
using Petrel.Agent.Runtimes.Local;
using Petrel.Agent.Runtimes.Oci;
using Petrel.Network.Pods;

namespace Petrel.Agent.Tests.Oci;

public sealed class OciRuntimeTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    /// <summary>
    /// A measurement, not a check: what a sync reads of the runtime on a node with 100 pods. Run it with
    /// <c>-explicit only -showLiveOutput</c>.
    /// </summary>
    [Fact(Explicit = true)]
    public async Task Reading_one_pod_among_a_hundred()
    {
        await using var bed = await OciTestBed.StartAsync();
        var pod = bed.Pod();
        await bed.RunAsync(bed.Container("sleep", "1000"), pod);
        for (var i = 1; i < 100; i++)
        {
            await bed.RunAsync(bed.Container("sleep", "1000"));
        }
        const int rounds = 200;
        foreach (var measured in (bool[])[false, true])
        {
            var allocated = GC.GetTotalAllocatedBytes(precise: true);
            var start = TimeProvider.System.GetTimestamp();
            for (var i = 0; i < rounds; i++)
            {
                var sandboxes = (await bed.Runtime.ListSandboxesAsync(None)).Where(s => s.PodUid == pod.PodUid).ToList();
                var containers = (await bed.Runtime.ListContainersAsync(None)).Where(c => c.PodUid == pod.PodUid).ToList();
                Assert.Equal((1, 1), (sandboxes.Count, containers.Count));
            }
            Report("listing the node");
            allocated = GC.GetTotalAllocatedBytes(precise: true);
            start = TimeProvider.System.GetTimestamp();
            for (var i = 0; i < rounds; i++)
            {
                var status = await bed.Runtime.GetPodStatusAsync(pod.PodUid, None);
                Assert.Equal((1, 1), (status.Sandboxes.Count, status.Containers.Count));
            }
            Report("reading the pod");

            void Report(string what)
            {
                if (measured)
                {
                    var each = TimeProvider.System.GetElapsedTime(start) / rounds;
                    var bytes = (GC.GetTotalAllocatedBytes(precise: true) - allocated) / rounds;
                    TestContext.Current.TestOutputHelper!.WriteLine($"{what}: {each.TotalMicroseconds:0} µs, {bytes} bytes allocated");
                }
            }
        }
    }

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
        Assert.StartsWith("docker.io/library/busybox@sha256:", status.ImageId, StringComparison.Ordinal);
        var lines = File.ReadAllLines(spec.LogPath);
        Assert.Contains(lines, l => l.EndsWith(" stdout F hello", StringComparison.Ordinal));
        Assert.Contains(lines, l => l.EndsWith(" stderr F oops", StringComparison.Ordinal));
        Assert.All(lines, l => DateTimeOffset.Parse(l.Split(' ')[0]));
    }

    [Fact]
    public async Task A_container_that_an_agent_started_as_it_died_goes_on()
    {
        await using var bed = await OciTestBed.StartAsync();
        var (_, id) = await bed.RunAsync(bed.Container("sleep", "1000"));
        // The agent was killed between the start of the program and the record of it.
        await bed.RestartAsync(() => Forget(bed, id, record => record with { State = ContainerState.Created }));
        var status = await bed.StatusAsync(id);
        Assert.Equal((ContainerState.Running, null), (status.State, status.ExitCode));
        Assert.Equal("alive", await bed.ExecAsync(id, "echo", "alive"));
        await bed.Runtime.StopContainerAsync(id, TimeSpan.Zero, None);
        Assert.Equal(137, (await bed.ExitedAsync(id)).ExitCode);
    }

    [Theory]
    [InlineData(true)] // The pid was recorded.
    [InlineData(false)]
    public async Task A_container_that_an_agent_created_as_it_died_is_started_by_the_next(bool hasPid)
    {
        await using var bed = await OciTestBed.StartAsync();
        var sandbox = await bed.Runtime.RunSandboxAsync(bed.Pod(), None);
        var id = await bed.Runtime.CreateContainerAsync(sandbox.Id, bed.Container("sleep", "1000"), None);
        var monitor = ContainerMonitor.Find(bed.Settings, new Cgroups(bed.Settings.CgroupParent));
        var records = new RecordFiles<ContainerRecord>(
            Path.Combine(bed.Settings.StateDirectory, "containers"),
            OciRuntimeJson.Default.ContainerRecord
        );
        var pid = await monitor.CreateAsync(id, records.DirectoryOf(id), bed.Container("sleep", "1000"), None);
        await bed.RestartAsync(() =>
            Forget(bed, id, record => hasPid ? record with { Pid = pid, ProcessStart = ProcessIdentity.StartOf(pid) } : record)
        );
        Assert.Equal(ContainerState.Created, (await bed.StatusAsync(id)).State);
        await bed.Runtime.StartContainerAsync(id, None);
        Assert.Equal(ContainerState.Running, (await bed.StatusAsync(id)).State);
        Assert.Equal("alive", await bed.ExecAsync(id, "echo", "alive"));
    }

    private static Task Forget(OciTestBed bed, string id, Func<ContainerRecord, ContainerRecord> change)
    {
        var records = new RecordFiles<ContainerRecord>(
            Path.Combine(bed.Settings.StateDirectory, "containers"),
            OciRuntimeJson.Default.ContainerRecord
        );
        records.Save(id, change(records.Load().Records.Single(r => r.Id == id)));
        return Task.CompletedTask;
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

    [Fact]
    public async Task Runc_runs_containers_as_crun_does()
    {
        Assert.SkipWhen(TestNode.Find("runc") is null, "runc is not installed");
        await using var bed = await OciTestBed.StartAsync(TestNode.Find("runc"));
        var (code, output) = await bed.OutputOfAsync(bed.Container("sh", "-c", "echo under runc; exit 4"));
        Assert.Equal((4, "under runc"), (code, output));
        Assert.StartsWith("runc-", bed.Runtime.Info.Version, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_new_agent_adopts_what_runs_and_sees_it_end()
    {
        await using var bed = await OciTestBed.StartAsync();
        var (sandbox, id) = await bed.RunAsync(bed.Container("sh", "-c", "trap 'exit 7' TERM; while true; do sleep 0.05; done"));
        var address = (await bed.Runtime.ListSandboxesAsync(None)).Single().Addresses.Single();
        await bed.RestartAsync();
        var adopted = (await bed.Runtime.ListSandboxesAsync(None)).Single();
        Assert.Equal((sandbox, SandboxState.Ready, address), (adopted.Id, adopted.State, adopted.Addresses.Single()));
        Assert.Equal(ContainerState.Running, (await bed.StatusAsync(id)).State);
        Assert.Equal("up", await bed.ExecAsync(id, "echo", "up"));
        await bed.Runtime.StopContainerAsync(id, TimeSpan.FromSeconds(10), None);
        Assert.Equal(7, (await bed.StatusAsync(id)).ExitCode);
        // Its address stays its own: the next pod gets another.
        Assert.NotEqual(address, (await bed.Runtime.RunSandboxAsync(bed.Pod(), None)).Addresses.Single());
    }

    [Fact]
    public async Task A_container_that_ends_while_no_agent_is_there_is_found_ended()
    {
        await using var bed = await OciTestBed.StartAsync();
        var go = bed.PathOf("go");
        Directory.CreateDirectory(go);
        var spec = bed.Container("sh", "-c", "while ! test -e /go/now; do sleep 0.02; done; exit 5") with
        {
            Mounts = [new Mount(go, "/go", true)],
        };
        var (_, id) = await bed.RunAsync(spec);
        await bed.RestartAsync(() =>
        {
            File.WriteAllText(Path.Combine(go, "now"), "");
            return OciTestBed.UntilAsync(() => Task.FromResult(File.Exists(Path.Combine(bed.Settings.StateDirectory, "exits", id))));
        });
        var status = await bed.StatusAsync(id);
        Assert.Equal((ContainerState.Exited, 5), (status.State, status.ExitCode));
    }

    [Fact]
    public async Task After_a_power_cut_containers_are_found_killed_and_can_be_removed()
    {
        await using var bed = await OciTestBed.StartAsync();
        var (sandbox, id) = await bed.RunAsync(bed.Container("sleep", "1000"));
        await bed.CutPowerAsync();
        Assert.Equal(SandboxState.NotReady, (await bed.Runtime.ListSandboxesAsync(None)).Single().State);
        var status = await bed.StatusAsync(id);
        Assert.Equal((ContainerState.Exited, 137), (status.State, status.ExitCode));
        await bed.Runtime.RemoveSandboxAsync(sandbox, None);
        Assert.Empty(await bed.Runtime.ListSandboxesAsync(None));
        Assert.Equal((0, "again"), await bed.OutputOfAsync(bed.Container("echo", "again")));
    }

    [Fact]
    public async Task Removing_a_pod_leaves_no_process_mount_cgroup_file_or_address()
    {
        await using var bed = await OciTestBed.StartAsync();
        var (sandbox, id) = await bed.RunAsync(bed.Container("sleep", "1000"));
        await bed.Runtime.RemoveSandboxAsync(sandbox, None);
        Assert.Empty(await bed.Runtime.ListContainersAsync(None));
        Assert.Equal([Path.Combine(bed.Settings.StateDirectory, "namespaces")], Mounts.Below(bed.Settings.StateDirectory));
        Assert.Empty(Directory.GetDirectories("/sys/fs/cgroup", "pod" + sandbox, SearchOption.AllDirectories));
        string[] rest = ["addresses/last"];
        Assert.Equal(
            rest,
            Directory
                .GetFiles(bed.Settings.StateDirectory, "*", SearchOption.AllDirectories)
                .Select(f => Path.GetRelativePath(Path.Combine(bed.Settings.StateDirectory, "network"), f))
        );
        Assert.DoesNotContain(Directory.GetDirectories("/sys/class/net"), d =>
            Path.GetFileName(d).StartsWith("pod" + sandbox[..12], StringComparison.Ordinal)
        );
        // All of it twice is the same as once.
        await bed.Runtime.RemoveSandboxAsync(sandbox, None);
        await bed.Runtime.RemoveContainerAsync(id, None);
    }

    [Fact]
    public async Task Stopping_waits_for_the_grace_and_then_kills()
    {
        await using var bed = await OciTestBed.StartAsync();
        var (_, deaf) = await bed.RunAsync(bed.Container("sh", "-c", "trap '' TERM; echo set; while true; do sleep 0.05; done"));
        await bed.Runtime.StopContainerAsync(deaf, TimeSpan.FromMilliseconds(300), None);
        var status = await bed.StatusAsync(deaf);
        Assert.Equal((ContainerState.Exited, 137, "Error"), (status.State, status.ExitCode, status.Reason));
        await bed.Runtime.StopContainerAsync(deaf, TimeSpan.FromSeconds(5), None);
    }

    [Fact]
    public async Task Limits_are_the_kernels_memory_pids_and_cpu()
    {
        await using var bed = await OciTestBed.StartAsync();
        var greedy = bed.Container("sh", "-c", "dd if=/dev/zero of=/dev/null bs=64M count=1; exit $?") with
        {
            Limits = new ResourceLimits { Memory = 16 << 20 },
        };
        var (_, id) = await bed.RunAsync(greedy);
        var status = await bed.ExitedAsync(id);
        Assert.Equal(("OOMKilled", 137), (status.Reason, status.ExitCode));

        var (_, many) = await bed.OutputOfAsync(
            bed.Container("sh", "-c", "for i in 1 2 3 4 5 6 7 8; do sleep 1 & done; echo no limit") with
            {
                Limits = new ResourceLimits { Pids = 4 },
            }
        );
        Assert.Contains("fork", many, StringComparison.Ordinal);
        Assert.DoesNotContain("no limit", many, StringComparison.Ordinal);

        var (_, throttled) = await bed.RunAsync(
            bed.Container("sleep", "1000") with
            {
                Limits = new ResourceLimits { MilliCpu = 250, MilliCpuRequest = 100 },
            }
        );
        var sandbox = (await bed.StatusAsync(throttled)).SandboxId;
        var cgroups = new Cgroups(bed.Settings.CgroupParent);
        var path = cgroups.ContainerPath(sandbox, throttled);
        Assert.Equal(
            cgroups.IsUnified ? "25000 100000" : "25000",
            File.ReadAllText(cgroups.IsUnified ? $"/sys/fs/cgroup{path}/cpu.max" : $"/sys/fs/cgroup/cpu{path}/cpu.cfs_quota_us").Trim()
        );
    }

    [Fact]
    public async Task Pods_reach_each_other_by_address_and_have_a_hosts_file_and_a_name()
    {
        await using var bed = await OciTestBed.StartAsync();
        var server = bed.Pod("server");
        await bed.RunAsync(
            bed.Container("sh", "-c", "mkdir -p /tmp/w; echo welcome > /tmp/w/index.html; exec httpd -f -p 80 -h /tmp/w"),
            server
        );
        var address = (await bed.Runtime.ListSandboxesAsync(None)).Single().Addresses.Single();
        var (_, client) = await bed.RunAsync(bed.Container("sleep", "1000"), bed.Pod("client"));
        await OciTestBed.UntilAsync(async () =>
            (await bed.Runtime.ExecAsync(client, ["wget", "-qO-", $"http://{address}/"], TimeSpan.FromSeconds(5), None)).ExitCode == 0
        );
        Assert.Equal("welcome", await bed.ExecAsync(client, "wget", "-qO-", $"http://{address}/"));
        Assert.Equal("client", await bed.ExecAsync(client, "hostname"));
        Assert.Contains("\tclient", await bed.ExecAsync(client, "cat", "/etc/hosts"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_host_port_leads_to_its_pod_until_the_pod_is_gone()
    {
        await using var bed = await OciTestBed.StartAsync();
        var pod = bed.Pod("web") with { HostPorts = [new PortMapping(8099, 80, "TCP", "")] };
        var (sandbox, _) = await bed.RunAsync(
            bed.Container("sh", "-c", "mkdir -p /tmp/w; echo port > /tmp/w/index.html; exec httpd -f -p 80 -h /tmp/w"),
            pod
        );
        using var http = new HttpClient();
        var url = $"http://{bed.Gateway}:8099/";
        await OciTestBed.UntilAsync(async () =>
        {
            try
            {
                return (await http.GetStringAsync(url)).Trim() == "port";
            }
            catch (HttpRequestException)
            {
                return false;
            }
        });
        await bed.Runtime.RemoveSandboxAsync(sandbox, None);
        using var fresh = new HttpClient();
        await Assert.ThrowsAsync<HttpRequestException>(() => fresh.GetStringAsync(url));
    }

    [Fact]
    public async Task Image_and_spec_decide_user_environment_arguments_and_directory()
    {
        await using var bed = await OciTestBed.StartAsync();
        Assert.Equal("uid=0(root) gid=0(root)", (await bed.OutputOfAsync(bed.Container("id"))).Output);
        var asWeb = bed.Container("id") with
        {
            Security = new ContainerSecurity { RunAsUser = 1000, SupplementalGroups = [4000] },
        };
        Assert.Equal("uid=1000(web) gid=1001(web) groups=1002(extra),4000", (await bed.OutputOfAsync(asWeb)).Output);
        var variables = bed.Container("sh", "-c", "echo $FROM_IMAGE $FROM_SPEC $HOSTNAME; pwd") with
        {
            Environment = [new("FROM_SPEC", "too"), new("HOSTNAME", "mine")],
            WorkingDirectory = "/tmp",
        };
        Assert.Equal("yes too mine\n/tmp", (await bed.OutputOfAsync(variables)).Output);
        var refused = await Assert.ThrowsAsync<RuntimeException>(() =>
            bed.RunAsync(bed.Container("id") with { Security = new ContainerSecurity { RunAsNonRoot = true } })
        );
        Assert.Equal("CreateContainerConfigError", refused.Reason);
    }

    [Fact]
    public async Task Isolation_is_what_the_security_context_asks_for()
    {
        await using var bed = await OciTestBed.StartAsync();
        var inside = await bed.OutputOfAsync(
            bed.Container(
                "sh",
                "-c",
                "ps | grep -c . ; echo x > /new && echo writable; ls /sys/fs/cgroup > /dev/null && echo cgroup; grep Seccomp: "
                    + "/proc/self/status"
            )
        );
        var lines = inside.Output.Split('\n');
        Assert.True(int.Parse(lines[0]) <= 5, "a container must see only its own processes");
        Assert.Contains("writable", lines);
        Assert.Contains(lines, l =>
            l.StartsWith("Seccomp:", StringComparison.Ordinal) && (l.EndsWith('2') || !File.Exists(bed.Settings.SeccompProfile))
        );
        var sealedOff = bed.Container(
            "sh",
            "-c",
            "echo x > /new && echo writable; grep CapEff /proc/self/status; grep NoNewPrivs /proc/self/status"
        ) with
        {
            Security = new ContainerSecurity
            {
                ReadOnlyRootFilesystem = true,
                DropCapabilities = ["ALL"],
                AddCapabilities = ["NET_BIND_SERVICE"],
                NoNewPrivileges = true,
            },
        };
        var output = (await bed.OutputOfAsync(sealedOff)).Output;
        Assert.DoesNotContain("writable", output, StringComparison.Ordinal);
        Assert.Contains("0000000000000400", output, StringComparison.Ordinal);
        Assert.Contains("NoNewPrivs:\t1", output, StringComparison.Ordinal);
        Assert.Equal(
            0,
            (
                await bed.OutputOfAsync(
                    bed.Container("sh", "-c", "test -e /dev/kmsg && grep -q CapEff /proc/self/status") with
                    {
                        Security = new ContainerSecurity { Privileged = true },
                    }
                )
            ).ExitCode
        );
    }

    [Fact]
    public async Task The_seccomp_profile_holds_for_the_first_container_and_for_those_that_get_it_compiled()
    {
        await using var bed = await OciTestBed.StartAsync();
        Assert.SkipWhen(!File.Exists(bed.Settings.SeccompProfile), "no seccomp profile is installed");
        Assert.SkipWhen(!bed.Runtime.Info.Version.StartsWith("crun-", StringComparison.Ordinal), "only crun takes a compiled profile");
        var filters = new List<byte[]>();
        for (var i = 0; i < 3; i++)
        {
            var (_, id) = await bed.RunAsync(bed.Container("sleep", "1000"));
            filters.Add(await File.ReadAllBytesAsync(Path.Combine(bed.Settings.StateDirectory, "runtime", id, "seccomp.bpf")));
            Assert.Contains("Seccomp_filters:\t1", await bed.ExecAsync(id, "cat", "/proc/1/status"), StringComparison.Ordinal);
        }
        Assert.True(filters[0].Length > 1000, "the profile has hundreds of system calls");
        Assert.All(filters, f => Assert.Equal(filters[0], f));
    }

    [Fact]
    public async Task Mounts_show_host_paths_read_write_or_read_only()
    {
        await using var bed = await OciTestBed.StartAsync();
        var (data, settings) = (bed.PathOf("data"), bed.PathOf("settings"));
        Directory.CreateDirectory(data);
        Directory.CreateDirectory(settings);
        await File.WriteAllTextAsync(Path.Combine(settings, "colour"), "blue");
        var spec = bed.Container("sh", "-c", "cat /settings/colour > /data/seen; echo x > /settings/colour || echo refused") with
        {
            Mounts = [new Mount(data, "/data", false), new Mount(settings, "/settings", true)],
        };
        var (_, output) = await bed.OutputOfAsync(spec);
        Assert.Contains("refused", output, StringComparison.Ordinal);
        Assert.Equal("blue", await File.ReadAllTextAsync(Path.Combine(data, "seen")));
        var missing = bed.Container("true") with { Mounts = [new Mount("/no/such/path", "/x", false)] };
        Assert.Contains(
            "/no/such/path",
            (await Assert.ThrowsAsync<RuntimeException>(() => bed.RunAsync(missing))).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Exec_returns_output_and_code_and_is_killed_at_its_limit()
    {
        await using var bed = await OciTestBed.StartAsync();
        var (_, id) = await bed.RunAsync(bed.Container("sleep", "1000"));
        var result = await bed.Runtime.ExecAsync(id, ["sh", "-c", "echo out; echo err >&2; exit 9"], TimeSpan.FromSeconds(10), None);
        Assert.Equal(
            (9, "out\n", "err\n"),
            (result.ExitCode, System.Text.Encoding.UTF8.GetString(result.Output), System.Text.Encoding.UTF8.GetString(result.ErrorOutput))
        );
        await Assert.ThrowsAsync<TimeoutException>(() =>
            bed.Runtime.ExecAsync(id, ["sleep", "777"], TimeSpan.FromMilliseconds(200), None).AsTask()
        );
        await OciTestBed.UntilAsync(async () => !(await bed.ExecAsync(id, "ps")).Contains("777", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_program_that_does_not_exist_is_an_error_with_the_runtimes_words()
    {
        await using var bed = await OciTestBed.StartAsync();
        var error = await Assert.ThrowsAsync<RuntimeException>(() => bed.RunAsync(bed.Container("no-such-program")));
        Assert.Equal("RunContainerError", error.Reason);
        Assert.Contains("no-such-program", error.Message, StringComparison.Ordinal);
        var status = (await bed.Runtime.ListContainersAsync(None)).Single();
        Assert.Equal((ContainerState.Exited, 128), (status.State, status.ExitCode));
    }

    [Fact]
    public async Task Containers_of_a_pod_share_its_network_and_memory()
    {
        await using var bed = await OciTestBed.StartAsync();
        var (sandbox, first) = await bed.RunAsync(bed.Container("sh", "-c", "echo shared > /dev/shm/x; exec httpd -f -p 8000 -h /etc"));
        var second = await bed.Runtime.CreateContainerAsync(sandbox, bed.Container("sleep", "1000") with { Name = "side" }, None);
        await bed.Runtime.StartContainerAsync(second, None);
        await OciTestBed.UntilAsync(async () =>
            (
                await bed.Runtime.ExecAsync(second, ["wget", "-qO-", "http://127.0.0.1:8000/hostname"], TimeSpan.FromSeconds(5), None)
            ).ExitCode == 0
        );
        Assert.Equal("shared", await bed.ExecAsync(second, "cat", "/dev/shm/x"));
        Assert.Equal([first, second], (await bed.Runtime.ListContainersAsync(None)).Select(c => c.Id));
    }

    [Fact]
    public async Task A_pod_on_the_host_network_sees_the_nodes_interfaces()
    {
        await using var bed = await OciTestBed.StartAsync();
        var spec = bed.Container("ls", "/sys/class/net");
        var (_, id) = await bed.RunAsync(spec, bed.Pod() with { HostNetwork = true });
        await bed.ExitedAsync(id);
        Assert.Contains("test", OciTestBed.Text(spec), StringComparison.Ordinal);
        Assert.Empty((await bed.Runtime.ListSandboxesAsync(None)).Single().Addresses);
    }

    [Fact]
    public async Task Many_pods_start_at_once_and_a_pod_alone_starts_fast()
    {
        await using var bed = await OciTestBed.StartAsync();
        await bed.RunAsync(bed.Container("sleep", "1000"));
        var alone = new List<double>();
        for (var i = 0; i < 10; i++)
        {
            var began = TimeProvider.System.GetTimestamp();
            var sandbox = await bed.Runtime.RunSandboxAsync(bed.Pod(), None);
            var made = TimeProvider.System.GetElapsedTime(began);
            var id = await bed.Runtime.CreateContainerAsync(sandbox.Id, bed.Container("sleep", "1000"), None);
            var created = TimeProvider.System.GetElapsedTime(began);
            await bed.Runtime.StartContainerAsync(id, None);
            var started = TimeProvider.System.GetElapsedTime(began);
            alone.Add(started.TotalMilliseconds);
            TestContext.Current.SendDiagnosticMessage(
                $"sandbox {made.TotalMilliseconds:0} ms, create {(created - made).TotalMilliseconds:0} ms, start "
                    + $"{(started - created).TotalMilliseconds:0} ms"
            );
        }
        alone.Sort();
        TestContext.Current.SendDiagnosticMessage($"pod, median: {alone[5]:0} ms");
        var all = TimeProvider.System.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => bed.RunAsync(bed.Container("sleep", "1000"))));
        TestContext.Current.SendDiagnosticMessage($"20 pods at once: {TimeProvider.System.GetElapsedTime(all).TotalMilliseconds:0} ms");
        Assert.Equal(31, (await bed.Runtime.ListContainersAsync(None)).Count(c => c.State == ContainerState.Running));
        Assert.Equal(31, (await bed.Runtime.ListSandboxesAsync(None)).Select(s => s.Addresses.Single()).Distinct().Count());
    }
}
