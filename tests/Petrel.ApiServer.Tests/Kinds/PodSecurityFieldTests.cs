using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.Kinds.Pods;

namespace Petrel.ApiServer.Tests.Kinds;

/// <summary>Security contexts, the host's namespaces, sysctls, and what each operating system has.</summary>
public sealed class PodSecurityFieldTests
{
    private static string[] Errors(string spec)
    {
        var errors = new FieldErrors();
        SecurityValidation.Pod(JsonNode.Parse(spec)!.AsObject(), "spec", errors);
        return [.. errors.All.Select(e => e.ToString())];
    }

    [Theory]
    [InlineData("kernel.shm_rmid_forced", true)]
    [InlineData("net.ipv4.tcp_syncookies", true)]
    [InlineData("net/ipv4/conf/eth0.100/forwarding", true)]
    [InlineData("a-b_c", true)]
    [InlineData("", false)]
    [InlineData("Kernel.x", false)]
    [InlineData("a..b", false)]
    [InlineData("a/../b", false)]
    [InlineData("/a", false)]
    [InlineData("a.", false)]
    [InlineData("-a", false)]
    [InlineData("a\n", false)]
    public void Names_of_sysctls(string name, bool valid)
    {
        var spec = new JsonObject
        {
            ["securityContext"] = new JsonObject { ["sysctls"] = new JsonArray(new JsonObject { ["name"] = name, ["value"] = "1" }) },
        };
        var errors = new FieldErrors();

        SecurityValidation.Pod(spec, "spec", errors);

        Assert.Equal(valid, !errors.Any);
        Assert.All(errors.All, e => Assert.Equal("spec.securityContext.sysctls[0].name", e.Field));
    }

    [Theory]
    [InlineData(
        """{"securityContext":{"sysctls":[{"name":"a.b","value":"1"},{"name":"a.b","value":"2"}]}}""",
        "spec.securityContext.sysctls[1].name: Duplicate value: \"a.b\""
    )]
    [InlineData(
        """{"hostNetwork":true,"securityContext":{"sysctls":[{"name":"net.ipv4.ip_forward","value":"1"}]}}""",
        "spec.securityContext.sysctls[0].name: Invalid value: \"net.ipv4.ip_forward\": may not be specified when 'hostNetwork' is true"
    )]
    [InlineData(
        """{"hostIPC":true,"securityContext":{"sysctls":[{"name":"kernel/shmmax","value":"1"}]}}""",
        "spec.securityContext.sysctls[0].name: Invalid value: \"kernel/shmmax\": may not be specified when 'hostIPC' is true"
    )]
    [InlineData("""{"hostUsers":false,"hostNetwork":true}""", "spec.hostNetwork: Forbidden: when `hostUsers` is false")]
    [InlineData("""{"hostUsers":false,"hostPID":true}""", "spec.HostPID: Forbidden: when `hostUsers` is false")]
    [InlineData("""{"hostUsers":false,"hostIPC":true}""", "spec.HostIPC: Forbidden: when `hostUsers` is false")]
    [InlineData("""{"os":{"name":"windows"},"hostPID":true}""", "spec.hostPID: Forbidden: cannot be set for a windows pod")]
    [InlineData("""{"os":{"name":"windows"},"hostIPC":true}""", "spec.hostIPC: Forbidden: cannot be set for a windows pod")]
    [InlineData("""{"os":{"name":"windows"},"hostUsers":true}""", "spec.hostUsers: Forbidden: cannot be set for a windows pod")]
    [InlineData(
        """{"os":{"name":"windows"},"securityContext":{"runAsUser":1}}""",
        "spec.securityContext.runAsUser: Forbidden: cannot be set for a windows pod"
    )]
    [InlineData(
        """{"os":{"name":"windows"},"containers":[{"securityContext":{"privileged":false}}]}""",
        "spec.containers[0].securityContext.privileged: Forbidden: cannot be set for a windows pod"
    )]
    [InlineData(
        """{"os":{"name":"linux"},"initContainers":[{"securityContext":{"windowsOptions":{}}}]}""",
        "spec.initContainers[0].securityContext.windowsOptions: Forbidden: windows options cannot be set for a linux pod"
    )]
    [InlineData(
        """{"shareProcessNamespace":true,"hostPID":true}""",
        "spec.shareProcessNamespace: Invalid value: true: ShareProcessNamespace and HostPID cannot both be enabled"
    )]
    [InlineData(
        """{"securityContext":{"fsGroup":-1}}""",
        "spec.securityContext.fsGroup: Invalid value: -1: must be between 0 and 2147483647, inclusive"
    )]
    [InlineData(
        """{"securityContext":{"supplementalGroups":[1,4294967296]}}""",
        "spec.securityContext.supplementalGroups[1]: Invalid value: 4294967296: must be between 0 and 2147483647, inclusive"
    )]
    [InlineData(
        """{"securityContext":{"fsGroupChangePolicy":"Never"}}""",
        "spec.securityContext.fsGroupChangePolicy: Unsupported value: \"Never\": supported values: \"Always\", \"OnRootMismatch\""
    )]
    [InlineData(
        """{"securityContext":{"seccompProfile":{"type":"Localhost","localhostProfile":"../x"}}}""",
        "spec.securityContext.seccompProfile.localhostProfile: Invalid value: \"../x\": must not contain '..'"
    )]
    [InlineData(
        """{"securityContext":{"seccompProfile":{"type":"Localhost","localhostProfile":"/x"}}}""",
        "spec.securityContext.seccompProfile.localhostProfile: Invalid value: \"/x\": must be a relative path"
    )]
    [InlineData(
        """{"securityContext":{"seccompProfile":{"type":"Localhost"}}}""",
        "spec.securityContext.seccompProfile.localhostProfile: Required value: must be set when seccomp type is Localhost"
    )]
    [InlineData(
        """{"securityContext":{"seccompProfile":{"type":"RuntimeDefault","localhostProfile":"x"}}}""",
        "spec.securityContext.seccompProfile.localhostProfile: Invalid value: \"x\": can only be set when seccomp type is Localhost"
    )]
    public void What_does_not_go_together(string spec, string error) => Assert.Equal([error], Errors(spec));

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"hostUsers":true,"hostNetwork":true}""")]
    [InlineData("""{"hostUsers":false}""")]
    [InlineData("""{"os":{"name":"windows"},"hostPID":false,"hostNetwork":true}""")]
    [InlineData("""{"os":{"name":"windows"},"securityContext":{"runAsNonRoot":true,"windowsOptions":{"hostProcess":true}}}""")]
    [InlineData("""{"hostNetwork":true,"securityContext":{"sysctls":[{"name":"kernel.shmmax","value":"1"}]}}""")]
    [InlineData("""{"securityContext":{"seccompProfile":{"type":"Localhost","localhostProfile":"profiles/x.json"}}}""")]
    public void What_does(string spec) => Assert.Empty(Errors(spec));
}
