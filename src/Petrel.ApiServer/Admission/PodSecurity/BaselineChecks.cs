using System.Globalization;
using System.Text.Json.Nodes;
using Petrel.Model.Documents;
using static Petrel.ApiServer.Admission.PodSecurity.Wording;

namespace Petrel.ApiServer.Admission.PodSecurity;

/// <summary>The controls of the baseline level, against known privilege escalations.</summary>
internal static class BaselineChecks
{
    private const string AppArmorAnnotation = "container.apparmor.security.beta.kubernetes.io/";
    private const string SeccompPodAnnotation = "seccomp.security.alpha.kubernetes.io/pod";
    private const string SeccompContainerAnnotation = "container.seccomp.security.alpha.kubernetes.io/";

    private static readonly string[] DefaultCapabilities =
    [
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    ];

    private static readonly string[] SafeSysctls =
    [
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.ping_group_range",
        "net.ipv4.tcp_syncookies",
    ];

    private static readonly string[] SafeSysctls27 = [.. SafeSysctls, "net.ipv4.ip_local_reserved_ports"];

    private static readonly string[] SafeSysctls29 =
    [
        .. SafeSysctls27,
        "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes",
        "net.ipv4.tcp_keepalive_time",
    ];

    private static readonly string[] SafeSysctls32 = [.. SafeSysctls29, "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"];

    private static readonly string[] SeLinuxTypes = ["", "container_t", "container_init_t", "container_kvm_t"];
    private static readonly string[] SeLinuxTypes31 = [.. SeLinuxTypes, "container_engine_t"];

    public static IReadOnlyList<SecurityCheck> All { get; } =
    [
        new("appArmorProfile", SecurityLevel.Baseline, [(0, AppArmor)]),
        new("capabilities_baseline", SecurityLevel.Baseline, [(0, Capabilities)]),
        new("hostNamespaces", SecurityLevel.Baseline, [(0, HostNamespaces)]),
        new("hostPathVolumes", SecurityLevel.Baseline, [(0, HostPathVolumes)]),
        new("hostPorts", SecurityLevel.Baseline, [(0, HostPorts)]),
        new("hostProbesAndHostLifecycle", SecurityLevel.Baseline, [(34, HostProbesAndLifecycle)]),
        new("privileged", SecurityLevel.Baseline, [(0, Privileged)]),
        new("procMount", SecurityLevel.Baseline, [(0, ProcMount), (35, static pod => pod.HasOwnUsers ? null : ProcMount(pod))]),
        new(
            "seLinuxOptions",
            SecurityLevel.Baseline,
            [(0, static pod => SeLinux(pod, SeLinuxTypes)), (31, static pod => SeLinux(pod, SeLinuxTypes31))]
        ),
        new("seccompProfile_baseline", SecurityLevel.Baseline, [(0, SeccompAnnotations), (19, Seccomp)]),
        new(
            "sysctls",
            SecurityLevel.Baseline,
            [
                (0, static pod => Sysctls(pod, SafeSysctls)),
                (27, static pod => Sysctls(pod, SafeSysctls27)),
                (29, static pod => Sysctls(pod, SafeSysctls29)),
                (32, static pod => Sysctls(pod, SafeSysctls32)),
            ]
        ),
        new("windowsHostProcess", SecurityLevel.Baseline, [(0, WindowsHostProcess)]),
    ];

    public static bool IsSafeSeccomp(JsonObject profile) => profile.Text("type") is "RuntimeDefault" or "Localhost";

    public static Violation? ProcMount(PodView pod)
    {
        var values = new List<string>();
        var bad = pod.Where((_, context) => context.Text("procMount") is { Length: > 0 } value && value != "Default" && Add(values, value));
        return bad.Length == 0
            ? null
            : new("procMount", $"{Named("container", bad)} must not set securityContext.procMount to {Sorted(values)}");
    }

    private static Violation? AppArmor(PodView pod)
    {
        static bool IsBad(JsonObject? context, List<string> values) =>
            context.Child("appArmorProfile") is { } profile
            && profile.Text("type") is not ("RuntimeDefault" or "Localhost")
            && Add(values, profile.Text("type"));

        var values = new List<string>();
        var byPod = IsBad(pod.Context, values);
        var containers = pod.Where((_, context) => IsBad(context, values));
        string[] annotations =
        [
            .. pod
                .Annotations.Where(a =>
                    a.Key.StartsWith(AppArmorAnnotation, StringComparison.Ordinal)
                    && !(a.Value is "" or "runtime/default" || a.Value.StartsWith("localhost/", StringComparison.Ordinal))
                )
                .Select(a => $"{a.Key}=\"{a.Value}\""),
        ];
        string[] all = [.. Set(values), .. annotations];
        if (all.Length == 0)
        {
            return null;
        }
        var setters = Setters(byPod, containers);
        if (annotations.Length > 0)
        {
            setters += (setters.Length > 0 ? " and " : "") + Plural("annotation", annotations.Length);
        }
        return new(Plural("forbidden AppArmor profile", all.Length), $"{setters} must not set AppArmor profile type to {Quoted(all)}");
    }

    private static Violation? Capabilities(PodView pod)
    {
        var values = new List<string>();
        var bad = pod.Where((_, context) => AddAll(values, context.Child("capabilities").Texts("add").Except(DefaultCapabilities)));
        return bad.Length == 0
            ? null
            : new(
                "non-default capabilities",
                $"{Named("container", bad)} must not include {Sorted(values)} in securityContext.capabilities.add"
            );
    }

    private static Violation? HostNamespaces(PodView pod)
    {
        string[] shared =
        [
            .. new[] { "hostNetwork", "hostPID", "hostIPC" }.Where(name => pod.Spec.Flag(name) == true).Select(name => name + "=true"),
        ];
        return shared.Length == 0 ? null : new("host namespaces", string.Join(", ", shared));
    }

    private static Violation? HostPathVolumes(PodView pod)
    {
        string[] bad = [.. pod.Volumes.Where(v => v.Has("hostPath")).Select(v => v.Text("name"))];
        return bad.Length == 0 ? null : new("hostPath volumes", Named("volume", bad));
    }

    private static Violation? HostPorts(PodView pod)
    {
        var values = new List<string>();
        var bad = pod.Where(
            (container, _) =>
                AddAll(
                    values,
                    container
                        .Objects("ports")
                        .Select(p => p.Number("hostPort") ?? 0)
                        .Where(p => p != 0)
                        .Select(p => p.ToString(CultureInfo.InvariantCulture))
                )
        );
        var ports = Set(values);
        return bad.Length == 0
            ? null
            : new("hostPort", $"{Named("container", bad)} {Uses(bad)} {Plural("hostPort", ports.Length)} {string.Join(", ", ports)}");
    }

    private static Violation? HostProbesAndLifecycle(PodView pod)
    {
        var values = new List<string>();
        var bad = Set(pod.Where((container, _) => AddAll(values, Handlers(container).SelectMany(Hosts))));
        var hosts = Set(values);
        return bad.Length == 0
            ? null
            : new(
                "probe or lifecycle host",
                $"{Named("container", bad)} {Uses(bad)} {Plural("probe or lifecycle host", hosts.Length)} {Quoted(hosts)}"
            );
    }

    private static IEnumerable<JsonObject?> Handlers(JsonObject container) =>
        [
            container.Child("livenessProbe"),
            container.Child("readinessProbe"),
            container.Child("startupProbe"),
            container.Child("lifecycle").Child("postStart"),
            container.Child("lifecycle").Child("preStop"),
        ];

    private static IEnumerable<string> Hosts(JsonObject? handler) =>
        new[] { handler.Child("httpGet").Text("host"), handler.Child("tcpSocket").Text("host") }.Where(h => h.Length > 0);

    private static Violation? Privileged(PodView pod)
    {
        var bad = pod.Where(static (_, context) => context.Flag("privileged") == true);
        return bad.Length == 0 ? null : new("privileged", $"{Named("container", bad)} must not set securityContext.privileged=true");
    }

    private static Violation? SeLinux(PodView pod, string[] allowed)
    {
        var types = new List<string>();
        var (user, role) = (false, false);

        bool IsBad(JsonObject? context)
        {
            var options = context.Child("seLinuxOptions");
            var badType = !allowed.Contains(options.Text("type")) && Add(types, options.Text("type"));
            var badUser = options.Text("user").Length > 0;
            var badRole = options.Text("role").Length > 0;
            user |= badUser;
            role |= badRole;
            return badType || badUser || badRole;
        }

        var byPod = IsBad(pod.Context);
        var containers = pod.Where((_, context) => IsBad(context));
        if (!byPod && containers.Length == 0)
        {
            return null;
        }
        var set = Set(types);
        string[] what =
        [
            .. set.Length > 0 ? [Named("type", set)] : Array.Empty<string>(),
            .. user ? ["user may not be set"] : Array.Empty<string>(),
            .. role ? ["role may not be set"] : Array.Empty<string>(),
        ];
        return new(
            "seLinuxOptions",
            $"{Setters(byPod, containers)} set forbidden securityContext.seLinuxOptions: {string.Join("; ", what)}"
        );
    }

    private static Violation? SeccompAnnotations(PodView pod)
    {
        string[] watched = [SeccompPodAnnotation, .. pod.Containers.Select(c => SeccompContainerAnnotation + c.Text("name"))];
        string[] bad =
        [
            .. pod
                .Annotations.Where(a =>
                    watched.Contains(a.Key)
                    && !(a.Value is "runtime/default" or "docker/default" || a.Value.StartsWith("localhost/", StringComparison.Ordinal))
                )
                .Select(a => $"{a.Key}=\"{a.Value}\""),
        ];
        return bad.Length == 0 ? null : new("seccompProfile", $"forbidden {Plural("annotation", bad.Length)} {string.Join(", ", bad)}");
    }

    private static Violation? Seccomp(PodView pod)
    {
        static bool IsBad(JsonObject? context, List<string> values) =>
            context.Child("seccompProfile") is { } profile && !IsSafeSeccomp(profile) && Add(values, profile.Text("type"));

        var values = new List<string>();
        var byPod = IsBad(pod.Context, values);
        var containers = pod.Where((_, context) => IsBad(context, values));
        return !byPod && containers.Length == 0
            ? null
            : new("seccompProfile", $"{Setters(byPod, containers)} must not set securityContext.seccompProfile.type to {Sorted(values)}");
    }

    private static Violation? Sysctls(PodView pod, string[] allowed)
    {
        string[] bad = [.. pod.Context.Objects("sysctls").Select(s => s.Text("name")).Where(n => !allowed.Contains(n))];
        return bad.Length == 0 ? null : new("forbidden sysctls", string.Join(", ", bad));
    }

    private static Violation? WindowsHostProcess(PodView pod)
    {
        static bool IsBad(JsonObject? context) => context.Child("windowsOptions").Flag("hostProcess") == true;

        var byPod = IsBad(pod.Context);
        var containers = pod.Where((_, context) => IsBad(context));
        return !byPod && containers.Length == 0
            ? null
            : new("hostProcess", $"{Setters(byPod, containers)} must not set securityContext.windowsOptions.hostProcess=true");
    }

    private static string Uses(IReadOnlyCollection<string> names) => names.Count == 1 ? "uses" : "use";

    private static bool Add(List<string> values, string value)
    {
        values.Add(value);
        return true;
    }

    private static bool AddAll(List<string> values, IEnumerable<string> more)
    {
        var before = values.Count;
        values.AddRange(more);
        return values.Count > before;
    }
}
