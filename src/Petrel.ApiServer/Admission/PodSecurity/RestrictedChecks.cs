using System.Text.Json.Nodes;
using Petrel.Model.Documents;
using static Petrel.ApiServer.Admission.PodSecurity.Wording;

namespace Petrel.ApiServer.Admission.PodSecurity;

/// <summary>The controls that the restricted level adds to baseline: hardening best practices.</summary>
internal static class RestrictedChecks
{
    private static readonly string[] AllowedVolumes =
    [
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "persistentVolumeClaim",
        "projected",
        "secret",
    ];

    private static readonly string[] NamedVolumes =
    [
        "hostPath",
        "gcePersistentDisk",
        "awsElasticBlockStore",
        "gitRepo",
        "nfs",
        "iscsi",
        "glusterfs",
        "rbd",
        "flexVolume",
        "cinder",
        "cephfs",
        "flocker",
        "fc",
        "azureFile",
        "vsphereVolume",
        "quobyte",
        "azureDisk",
        "photonPersistentDisk",
        "portworxVolume",
        "scaleIO",
        "storageos",
    ];

    public static IReadOnlyList<SecurityCheck> All { get; } =
    [
        new(
            "allowPrivilegeEscalation",
            SecurityLevel.Restricted,
            [(8, AllowPrivilegeEscalation), (25, NotOnWindows(AllowPrivilegeEscalation))]
        ),
        new(
            "capabilities_restricted",
            SecurityLevel.Restricted,
            [(22, Capabilities), (25, NotOnWindows(Capabilities))],
            "capabilities_baseline"
        ),
        new("procMount_restricted", SecurityLevel.Restricted, [(35, BaselineChecks.ProcMount)], "procMount"),
        new("restrictedVolumes", SecurityLevel.Restricted, [(0, Volumes)], "hostPathVolumes"),
        new("runAsNonRoot", SecurityLevel.Restricted, [(0, RunAsNonRoot), (35, NotWithOwnUsers(RunAsNonRoot))]),
        new("runAsUser", SecurityLevel.Restricted, [(23, RunAsUser), (35, NotWithOwnUsers(RunAsUser))]),
        new("seccompProfile_restricted", SecurityLevel.Restricted, [(19, Seccomp), (25, NotOnWindows(Seccomp))], "seccompProfile_baseline"),
    ];

    private static Func<PodView, Violation?> NotOnWindows(Func<PodView, Violation?> check) => pod => pod.IsWindows ? null : check(pod);

    private static Func<PodView, Violation?> NotWithOwnUsers(Func<PodView, Violation?> check) => pod => pod.HasOwnUsers ? null : check(pod);

    private static Violation? AllowPrivilegeEscalation(PodView pod)
    {
        var bad = pod.Where(static (_, context) => context.Flag("allowPrivilegeEscalation") != false);
        return bad.Length == 0
            ? null
            : new(
                "allowPrivilegeEscalation != false",
                $"{Named("container", bad)} must set securityContext.allowPrivilegeEscalation=false"
            );
    }

    private static Violation? Capabilities(PodView pod)
    {
        var values = new List<string>();
        var keeping = pod.Where(static (_, context) => !context.Child("capabilities").Texts("drop").Contains("ALL"));
        var adding = pod.Where(
            (_, context) =>
            {
                string[] added = [.. context.Child("capabilities").Texts("add").Where(c => c != "NET_BIND_SERVICE")];
                values.AddRange(added);
                return added.Length > 0;
            }
        );
        string[] details =
        [
            .. keeping.Length > 0
                ? [$"{Named("container", keeping)} must set securityContext.capabilities.drop=[\"ALL\"]"]
                : Array.Empty<string>(),
            .. adding.Length > 0
                ? [$"{Named("container", adding)} must not include {Sorted(values)} in securityContext.capabilities.add"]
                : Array.Empty<string>(),
        ];
        return details.Length == 0 ? null : new("unrestricted capabilities", string.Join("; ", details));
    }

    private static Violation? Volumes(PodView pod)
    {
        JsonObject[] bad = [.. pod.Volumes.Where(v => !AllowedVolumes.Any(a => v.Has(a)))];
        if (bad.Length == 0)
        {
            return null;
        }
        var names = bad.Select(v => v.Text("name")).ToArray();
        var types = Set(bad.Select(v => NamedVolumes.FirstOrDefault(t => v.Has(t)) ?? "unknown"));
        return new(
            "restricted volume types",
            $"{Named("volume", names)} {(names.Length == 1 ? "uses" : "use")} {Plural("restricted volume type", types.Length)} "
                + $"{Quoted(types)}"
        );
    }

    private static Violation? RunAsNonRoot(PodView pod)
    {
        const string Reason = "runAsNonRoot != true";
        var byPod = pod.Context.Flag("runAsNonRoot");
        var refusing = pod.Where(static (_, context) => context.Flag("runAsNonRoot") == false);
        if (byPod == false || refusing.Length > 0)
        {
            return new(Reason, $"{Setters(byPod == false, refusing)} must not set securityContext.runAsNonRoot=false");
        }
        var silent = byPod == true ? [] : pod.Where(static (_, context) => context.Flag("runAsNonRoot") is null);
        return silent.Length == 0 ? null : new(Reason, $"pod or {Named("container", silent)} must set securityContext.runAsNonRoot=true");
    }

    private static Violation? RunAsUser(PodView pod)
    {
        var byPod = pod.Context.Number("runAsUser") == 0;
        var containers = pod.Where(static (_, context) => context.Number("runAsUser") == 0);
        return !byPod && containers.Length == 0 ? null : new("runAsUser=0", $"{Setters(byPod, containers)} must not set runAsUser=0");
    }

    private static Violation? Seccomp(PodView pod)
    {
        var ofPod = pod.Context.Child("seccompProfile");
        var values = new List<string>();

        bool IsBad(JsonObject? profile)
        {
            if (profile is null || BaselineChecks.IsSafeSeccomp(profile))
            {
                return false;
            }
            values.Add(profile.Text("type"));
            return true;
        }

        var byPod = IsBad(ofPod);
        var containers = pod.Where((_, context) => IsBad(context.Child("seccompProfile")));
        if (byPod || containers.Length > 0)
        {
            return new(
                "seccompProfile",
                $"{Setters(byPod, containers)} must not set securityContext.seccompProfile.type to {Sorted(values)}"
            );
        }
        var silent = ofPod is not null ? [] : pod.Where(static (_, context) => context.Child("seccompProfile") is null);
        return silent.Length == 0
            ? null
            : new(
                "seccompProfile",
                $"pod or {Named("container", silent)} must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\""
            );
    }
}
