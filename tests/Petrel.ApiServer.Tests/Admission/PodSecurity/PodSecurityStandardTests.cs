using System.Text.Json.Nodes;
using Petrel.ApiServer.Admission.PodSecurity;
using Petrel.ApiServer.Composition;
using Petrel.ApiServer.Kinds;

namespace Petrel.ApiServer.Tests.Admission.PodSecurity;

/// <summary>Each control of the Pod Security Standards: a pod that it allows, and one that it does not, with what is said of it.</summary>
public sealed class PodSecurityStandardTests
{
    private const string Hardened =
        """ "securityContext":{"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]},"runAsNonRoot":"""
        + """true,"seccompProfile":{"type":"RuntimeDefault"}}""";

    [Theory]
    [InlineData("""{"hostNetwork":true,"hostIPC":true,"hostPID":true}""", "host namespaces (hostNetwork=true, hostPID=true, hostIPC=true)")]
    [InlineData("""{"hostNetwork":false}""", "")]
    [InlineData(
        """{"containers":[{"name":"a","securityContext":{"privileged":true}}]}""",
        "privileged (container \"a\" must not set securityContext.privileged=true)"
    )]
    [InlineData(
        """{"initContainers":[{"name":"i","securityContext":{"privileged":true}}],"containers":["""
            + """{"name":"a"}],"ephemeralContainers":[{"name":"e","securityContext":{"privileged":true}}]}""",
        "privileged (containers \"i\", \"e\" must not set securityContext.privileged=true)"
    )]
    [InlineData("""{"containers":[{"name":"a","securityContext":{"privileged":false}}]}""", "")]
    [InlineData(
        """{"containers":[{"name":"a","securityContext":{"capabilities":{"add":["NET_RAW","CHOWN"]}}},"""
            + """{"name":"b","securityContext":{"capabilities":{"add":["BPF"]}}}]}""",
        "non-default capabilities (containers \"a\", \"b\" must not include \"BPF\", \"NET_RAW\" in securityContext.capabilities.add)"
    )]
    [InlineData("""{"containers":[{"name":"a","securityContext":{"capabilities":{"add":["AUDIT_WRITE","SYS_CHROOT","MKNOD"]}}}]}""", "")]
    [InlineData("""{"volumes":[{"name":"v","hostPath":{"path":"/"}}]}""", "hostPath volumes (volume \"v\")")]
    [InlineData("""{"volumes":[{"name":"v","nfs":{"server":"a","path":"/"}},{"name":"w","emptyDir":{}}]}""", "")]
    [InlineData(
        """{"containers":[{"name":"a","ports":[{"hostPort":80},{"containerPort":1}]},{"name":"b","ports":[{"hostPort":443}]}]}""",
        "hostPort (containers \"a\", \"b\" use hostPorts 443, 80)"
    )]
    [InlineData("""{"containers":[{"name":"a","ports":[{"hostPort":0,"containerPort":80}]}]}""", "")]
    [InlineData(
        """{"containers":[{"name":"a","livenessProbe":{"httpGet":{"host":"1.2.3.4"}},"lifecycle":{"preStop":{"tcpSocket":"""
            + """{"host":"h"}}}}]}""",
        "probe or lifecycle host (container \"a\" uses probe or lifecycle hosts \"1.2.3.4\", \"h\")"
    )]
    [InlineData("""{"containers":[{"name":"a","readinessProbe":{"httpGet":{"host":"","path":"/"}}}]}""", "")]
    [InlineData(
        """{"securityContext":{"appArmorProfile":{"type":"Unconfined"}},"containers":[{"name":"a"}]}""",
        "forbidden AppArmor profile (pod must not set AppArmor profile type to \"Unconfined\")"
    )]
    [InlineData(
        """{"securityContext":{"appArmorProfile":{"type":"Localhost"}},"containers":[{"name":"a","securityContext":"""
            + """{"appArmorProfile":{"type":"RuntimeDefault"}}}]}""",
        ""
    )]
    [InlineData(
        """{"securityContext":{"seLinuxOptions":{"type":"spc_t","user":"u"}},"containers":[{"name":"a","securityContext":"""
            + """{"seLinuxOptions":{"role":"r"}}}]}""",
        "seLinuxOptions (pod and container \"a\" set forbidden securityContext.seLinuxOptions: type \"spc_t\"; user may not be "
            + "set; role may not be set)"
    )]
    [InlineData("""{"securityContext":{"seLinuxOptions":{"type":"container_engine_t","level":"s0"}}}""", "")]
    [InlineData(
        """{"containers":[{"name":"a","securityContext":{"procMount":"Unmasked"}}]}""",
        "procMount (container \"a\" must not set securityContext.procMount to \"Unmasked\")"
    )]
    [InlineData("""{"hostUsers":false,"containers":[{"name":"a","securityContext":{"procMount":"Unmasked"}}]}""", "")]
    [InlineData("""{"containers":[{"name":"a","securityContext":{"procMount":"Default"}}]}""", "")]
    [InlineData(
        """{"securityContext":{"seccompProfile":{"type":"Unconfined"}},"containers":[{"name":"a"}]}""",
        "seccompProfile (pod must not set securityContext.seccompProfile.type to \"Unconfined\")"
    )]
    [InlineData("""{"containers":[{"name":"a","securityContext":{"seccompProfile":{"type":"Localhost"}}},{"name":"b"}]}""", "")]
    [InlineData(
        """{"securityContext":{"sysctls":[{"name":"kernel.msgmax"},{"name":"net.ipv4.tcp_rmem"}]}}""",
        "forbidden sysctls (kernel.msgmax)"
    )]
    [InlineData("""{"securityContext":{"sysctls":[{"name":"kernel.shm_rmid_forced"},{"name":"net.ipv4.tcp_keepalive_time"}]}}""", "")]
    [InlineData(
        """{"securityContext":{"windowsOptions":{"hostProcess":true}},"containers":[{"name":"a","securityContext":"""
            + """{"windowsOptions":{"hostProcess":true}}}]}""",
        "hostProcess (pod and container \"a\" must not set securityContext.windowsOptions.hostProcess=true)"
    )]
    [InlineData("""{"securityContext":{"windowsOptions":{"hostProcess":false}}}""", "")]
    public void Baseline_forbids_known_ways_out(string spec, string expected) =>
        Assert.Equal(expected, Check("baseline:latest", "{}", spec));

    [Theory]
    [InlineData("", "")]
    [InlineData("\"securityContext\":{\"seccompProfile\":{\"type\":\"RuntimeDefault\"},\"runAsNonRoot\":true},", "")]
    [InlineData(
        """ "volumes":[{"name":"a","configMap":{}},{"name":"b","csi":{}},{"name":"c","downwardAPI":{}},"""
            + """{"name":"d","emptyDir":{}},{"name":"e","ephemeral":{}},"""
            + """{"name":"f","persistentVolumeClaim":{}},{"name":"g","projected":{}},{"name":"h","secret":{}}],""",
        ""
    )]
    [InlineData(
        "\"volumes\":[{\"name\":\"v\",\"hostPath\":{}}],",
        "restricted volume types (volume \"v\" uses restricted volume type \"hostPath\")"
    )]
    [InlineData(
        "\"volumes\":[{\"name\":\"v\",\"nfs\":{}},{\"name\":\"w\",\"image\":{}}],",
        "restricted volume types (volumes \"v\", \"w\" use restricted volume types \"nfs\", \"unknown\")"
    )]
    [InlineData("\"securityContext\":{\"runAsUser\":0},", "runAsUser=0 (pod must not set runAsUser=0)")]
    [InlineData("\"securityContext\":{\"runAsUser\":1000},", "")]
    [InlineData("\"securityContext\":{\"runAsUser\":0},\"hostUsers\":false,", "")]
    [InlineData(
        "\"securityContext\":{\"runAsNonRoot\":false},",
        "runAsNonRoot != true (pod must not set securityContext.runAsNonRoot=false)"
    )]
    [InlineData(
        "\"securityContext\":{\"seccompProfile\":{\"type\":\"Unconfined\"}},",
        "seccompProfile (pod must not set securityContext.seccompProfile.type to \"Unconfined\")"
    )]
    public void Restricted_holds_pods_with_hardened_containers_to_their_own_fields(string fields, string expected) =>
        Assert.Equal(expected, Check("restricted:latest", "{}", $$"""{ {{fields}} "containers":[{"name":"a",{{Hardened}}}]}"""));

    [Theory]
    [InlineData(
        "\"allowPrivilegeEscalation\":true",
        "allowPrivilegeEscalation != false (container \"a\" must set securityContext.allowPrivilegeEscalation=false)"
    )]
    [InlineData(
        "\"capabilities\":null",
        "unrestricted capabilities (container \"a\" must set securityContext.capabilities.drop=[\"ALL\"])"
    )]
    [InlineData(
        "\"capabilities\":{\"drop\":[\"NET_RAW\"],\"add\":[\"CHOWN\",\"NET_BIND_SERVICE\"]}",
        "unrestricted capabilities (container \"a\" must set securityContext.capabilities.drop=[\"ALL\"]; container \"a\" must "
            + "not include \"CHOWN\" in securityContext.capabilities.add)"
    )]
    [InlineData("\"capabilities\":{\"drop\":[\"ALL\"],\"add\":[\"NET_BIND_SERVICE\"]}", "")]
    [InlineData("\"runAsNonRoot\":null", "runAsNonRoot != true (pod or container \"a\" must set securityContext.runAsNonRoot=true)")]
    [InlineData("\"runAsNonRoot\":false", "runAsNonRoot != true (container \"a\" must not set securityContext.runAsNonRoot=false)")]
    [InlineData("\"runAsUser\":0", "runAsUser=0 (container \"a\" must not set runAsUser=0)")]
    [InlineData(
        "\"seccompProfile\":null",
        "seccompProfile (pod or container \"a\" must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\")"
    )]
    [InlineData("\"procMount\":\"Unmasked\"", "procMount (container \"a\" must not set securityContext.procMount to \"Unmasked\")")]
    public void Restricted_asks_for_hardened_containers(string field, string expected)
    {
        var context = JsonNode.Parse($"{{{Hardened}}}")!["securityContext"]!.AsObject();
        var changed = JsonNode.Parse($"{{{field}}}")!.AsObject().Single();
        context[changed.Key] = changed.Value?.DeepClone();

        Assert.Equal(
            expected,
            Check("restricted:latest", "{}", $$"""{"containers":[{"name":"a","securityContext":{{context.ToJsonString()}}}]}""")
        );
    }

    [Fact]
    public void A_plain_pod_is_told_all_that_restricted_asks_for_in_upstreams_order() =>
        Assert.Equal(
            "hostPort (container \"a\" uses hostPort 80), "
                + "allowPrivilegeEscalation != false (container \"a\" must set securityContext.allowPrivilegeEscalation=false), "
                + "unrestricted capabilities (container \"a\" must set securityContext.capabilities.drop=[\"ALL\"]), "
                + "restricted volume types (volume \"v\" uses restricted volume type \"hostPath\"), "
                + "runAsNonRoot != true (pod or container \"a\" must set securityContext.runAsNonRoot=true), "
                + "seccompProfile (pod or container \"a\" must set securityContext.seccompProfile.type to \"RuntimeDefault\" or "
                + "\"Localhost\")",
            Check(
                "restricted:latest",
                "{}",
                """{"containers":[{"name":"a","ports":[{"hostPort":80}]}],"volumes":[{"name":"v","hostPath":{"path":"/"}}]}"""
            )
        );

    [Theory]
    [InlineData("baseline:v1.33", """{"containers":[{"name":"a","livenessProbe":{"httpGet":{"host":"h"}}}]}""", "")]
    [InlineData(
        "baseline:v1.34",
        """{"containers":[{"name":"a","livenessProbe":{"httpGet":{"host":"h"}}}]}""",
        "probe or lifecycle host (container \"a\" uses probe or lifecycle host \"h\")"
    )]
    [InlineData(
        "baseline:v1.26",
        """{"securityContext":{"sysctls":[{"name":"net.ipv4.ip_local_reserved_ports"}]}}""",
        "forbidden sysctls (net.ipv4.ip_local_reserved_ports)"
    )]
    [InlineData("baseline:v1.27", """{"securityContext":{"sysctls":[{"name":"net.ipv4.ip_local_reserved_ports"}]}}""", "")]
    [InlineData(
        "baseline:v1.30",
        """{"securityContext":{"seLinuxOptions":{"type":"container_engine_t"}}}""",
        "seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type \"container_engine_t\")"
    )]
    [InlineData(
        "baseline:v1.34",
        """{"hostUsers":false,"containers":[{"name":"a","securityContext":{"procMount":"Unmasked"}}]}""",
        "procMount (container \"a\" must not set securityContext.procMount to \"Unmasked\")"
    )]
    [InlineData("baseline:v1.18", """{"securityContext":{"seccompProfile":{"type":"Unconfined"}}}""", "")]
    [InlineData("restricted:v1.7", """{"containers":[{"name":"a","securityContext":{"runAsNonRoot":true}}]}""", "")]
    [InlineData(
        "restricted:v1.18",
        """{"containers":[{"name":"a","securityContext":{"runAsNonRoot":true,"allowPrivilegeEscalation":false}}]}""",
        ""
    )]
    [InlineData(
        "restricted:v1.22",
        """{"securityContext":{"runAsUser":0,"seccompProfile":{"type":"RuntimeDefault"}},"containers":["""
            + """{"name":"a","securityContext":{"runAsNonRoot":true,"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]}}}]}""",
        ""
    )]
    [InlineData(
        "restricted:v1.25",
        """{"os":{"name":"windows"},"containers":[{"name":"a","securityContext":{"runAsNonRoot":true}}]}""",
        ""
    )]
    [InlineData(
        "restricted:v1.34",
        """{"os":{"name":"windows"},"hostUsers":false,"containers":[{"name":"a"}]}""",
        "runAsNonRoot != true (pod or container \"a\" must set securityContext.runAsNonRoot=true)"
    )]
    [InlineData("restricted:v1.99", """{"os":{"name":"windows"},"hostUsers":false,"containers":[{"name":"a"}]}""", "")]
    [InlineData("privileged:latest", """{"hostNetwork":true,"containers":[{"name":"a","securityContext":{"privileged":true}}]}""", "")]
    public void Rules_are_those_of_the_release_that_is_named(string level, string spec, string expected) =>
        Assert.Equal(expected, Check(level, "{}", spec));

    [Theory]
    [InlineData(
        "baseline:latest",
        "container.apparmor.security.beta.kubernetes.io/a",
        "unconfined",
        "forbidden AppArmor profile (annotation must not set AppArmor profile type to "
            + "\"container.apparmor.security.beta.kubernetes.io/a=\"unconfined\"\")"
    )]
    [InlineData("baseline:latest", "container.apparmor.security.beta.kubernetes.io/a", "localhost/x", "")]
    [InlineData(
        "baseline:v1.18",
        "seccomp.security.alpha.kubernetes.io/pod",
        "unconfined",
        "seccompProfile (forbidden annotation seccomp.security.alpha.kubernetes.io/pod=\"unconfined\")"
    )]
    [InlineData("baseline:v1.18", "container.seccomp.security.alpha.kubernetes.io/a", "docker/default", "")]
    [InlineData("baseline:v1.19", "seccomp.security.alpha.kubernetes.io/pod", "unconfined", "")]
    public void Profiles_in_annotations_count(string level, string annotation, string value, string expected) =>
        Assert.Equal(
            expected,
            Check(level, $$$"""{"annotations":{"{{{annotation}}}":"{{{value}}}"}}""", """{"containers":[{"name":"a"}]}""")
        );

    [Theory]
    [InlineData("enforce=baseline", "baseline:latest privileged:latest baseline:latest")]
    [InlineData("enforce=baseline enforce-version=v1.30", "baseline:v1.30 privileged:latest baseline:v1.30")]
    [InlineData(
        "enforce=restricted warn=baseline audit=restricted audit-version=v1.2",
        "restricted:latest restricted:v1.2 baseline:latest"
    )]
    [InlineData("", "privileged:latest privileged:latest privileged:latest")]
    [InlineData(
        "enforce=strict",
        "restricted:latest privileged:latest privileged:latest",
        "metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: \"strict\": must be one of privileged, baseline, restricted"
    )]
    [InlineData(
        "warn=baseline warn-version=1.2",
        "privileged:latest privileged:latest baseline:latest",
        "metadata.labels[pod-security.kubernetes.io/warn-version]: Invalid value: \"1.2\": must be \"latest\" or \"v1.x\""
    )]
    [InlineData(
        "warn=baseline warn-version=v1.02",
        "privileged:latest privileged:latest baseline:latest",
        "metadata.labels[pod-security.kubernetes.io/warn-version]: Invalid value: \"v1.02\": must be \"latest\" or \"v1.x\""
    )]
    public void Labels_say_what_a_namespace_asks_for(string labels, string expected, string problem = "")
    {
        var errors = new FieldErrors();
        var policy = SecurityPolicy.Read(
            labels
                .Split(' ', StringSplitOptions.RemoveEmptyEntries)
                .Select(l => l.Split('='))
                .ToDictionary(l => SecurityPolicy.LabelPrefix + l[0], l => l[1]),
            errors
        );

        Assert.Equal(expected, $"{policy.Enforce} {policy.Audit} {policy.Warn}");
        Assert.Equal(problem, string.Join(", ", errors.All));
    }

    private static string Check(string level, string metadata, string spec)
    {
        var parts = level.Split(':');
        Assert.True(LevelVersion.TryParseLevel(parts[0], out var parsed));
        Assert.True(StandardVersion.TryParse(parts[1], out var at));
        Assert.Equal(level, new LevelVersion(parsed, at).ToString());
        return string.Join(
            ", ",
            PodSecurityStandard.Check(parsed, at, JsonNode.Parse(metadata)!.AsObject(), JsonNode.Parse(spec)!.AsObject())
        );
    }
}
