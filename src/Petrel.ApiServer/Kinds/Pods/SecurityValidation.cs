using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Kinds.Pods;

/// <summary>Upstream's rules for security contexts, the host's namespaces, sysctls, and what each operating system has.</summary>
internal static partial class SecurityValidation
{
    private const int MaxSysctl = 253;
    private const string SysctlForm = @"([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?";
    private const string Shared = "when `hostUsers` is false";
    private const string NotWindows = "cannot be set for a windows pod";
    private const string NotLinux = "windows options cannot be set for a linux pod";

    private static readonly string[] GroupPolicies = ["Always", "OnRootMismatch"];
    private static readonly string[] SupplementalPolicies = ["Merge", "Strict"];
    private static readonly string[] ProcMounts = ["Default", "Unmasked"];

    // What a windows pod may not set, of the pod's security context, of its spec, and of its containers' security contexts.
    private static readonly string[] LinuxOfPod =
    [
        "appArmorProfile",
        "seLinuxOptions",
        "seccompProfile",
        "fsGroup",
        "fsGroupChangePolicy",
        "sysctls",
        "runAsUser",
        "runAsGroup",
        "supplementalGroups",
        "supplementalGroupsPolicy",
        "seLinuxChangePolicy",
    ];
    private static readonly string[] LinuxOfSpec = ["hostUsers", "shareProcessNamespace"];
    private static readonly string[] LinuxOfContainer =
    [
        "appArmorProfile",
        "seLinuxOptions",
        "seccompProfile",
        "capabilities",
        "readOnlyRootFilesystem",
        "privileged",
        "allowPrivilegeEscalation",
        "procMount",
        "runAsUser",
        "runAsGroup",
    ];

    /// <summary>Checks a pod's spec, or that of a template.</summary>
    public static void Pod(JsonObject spec, string path, FieldErrors errors)
    {
        var context = spec.Child("securityContext");
        var at = $"{path}.securityContext";
        Ids(context, at, ["runAsUser", "runAsGroup", "fsGroup"], errors);
        var groups = context.List("supplementalGroups");
        for (var i = 0; i < (groups?.Count ?? 0); i++)
        {
            Id(NodeFields.AsNumber(groups![i]), $"{at}.supplementalGroups[{i}]", errors);
        }
        Choice(context, "fsGroupChangePolicy", GroupPolicies, at, errors);
        Choice(context, "supplementalGroupsPolicy", SupplementalPolicies, at, errors);
        Profile(context.Child("seccompProfile"), "seccomp", $"{at}.seccompProfile", errors);
        Profile(context.Child("appArmorProfile"), "AppArmor", $"{at}.appArmorProfile", errors);
        if (spec.Flag("shareProcessNamespace") == true && spec.Flag("hostPID") == true)
        {
            errors.Invalid($"{path}.shareProcessNamespace", true, "ShareProcessNamespace and HostPID cannot both be enabled");
        }
        HostUsers(spec, path, errors);
        Sysctls(spec, at, errors);
        OfSystem(spec, path, errors);
    }

    /// <summary>Checks a container's security context, but for what it may not combine.</summary>
    public static void Container(JsonObject? context, string path, FieldErrors errors)
    {
        Ids(context, path, ["runAsUser", "runAsGroup"], errors);
        Choice(context, "procMount", ProcMounts, path, errors);
        Profile(context.Child("seccompProfile"), "seccomp", $"{path}.seccompProfile", errors);
        Profile(context.Child("appArmorProfile"), "AppArmor", $"{path}.appArmorProfile", errors);
    }

    private static void Ids(JsonObject? context, string path, string[] fields, FieldErrors errors)
    {
        foreach (var field in fields)
        {
            Id(context.Number(field), $"{path}.{field}", errors);
        }
    }

    private static void Id(long? id, string path, FieldErrors errors)
    {
        if (id is < 0 or > int.MaxValue)
        {
            errors.Invalid(path, id, $"must be between 0 and {int.MaxValue}, inclusive");
        }
    }

    private static void Choice(JsonObject? context, string field, string[] supported, string path, FieldErrors errors)
    {
        if (context.Has(field) && !supported.Contains(context.Text(field)))
        {
            errors.NotSupported($"{path}.{field}", context.Text(field), supported);
        }
    }

    private static void Profile(JsonObject? profile, string kind, string path, FieldErrors errors)
    {
        if (profile is null)
        {
            return;
        }
        var (type, local) = (profile.Text("type"), profile.Text("localhostProfile"));
        switch (type)
        {
            case "Localhost" when !profile.Has("localhostProfile"):
                errors.Required($"{path}.localhostProfile", $"must be set when {kind} type is Localhost");
                break;
            case "Localhost" when kind == "seccomp":
                if (local.StartsWith('/'))
                {
                    errors.Invalid($"{path}.localhostProfile", local, "must be a relative path");
                }
                if (local.Split('/').Contains(".."))
                {
                    errors.Invalid($"{path}.localhostProfile", local, "must not contain '..'");
                }
                break;
            case "Localhost":
                if (local.Trim().Length == 0)
                {
                    errors.Required($"{path}.localhostProfile", $"must be set when {kind} type is Localhost");
                }
                break;
            case "RuntimeDefault" or "Unconfined":
                if (profile.Has("localhostProfile"))
                {
                    errors.Invalid($"{path}.localhostProfile", local, $"can only be set when {kind} type is Localhost");
                }
                break;
            case "":
                errors.Required(
                    $"{path}.type",
                    "type is required when " + (kind == "seccomp" ? "seccompProfile" : "appArmorProfile") + " is set"
                );
                break;
            default:
                errors.NotSupported($"{path}.type", type, "Localhost", "RuntimeDefault", "Unconfined");
                break;
        }
    }

    // A user namespace owns its other namespaces, and none of the host's.
    private static void HostUsers(JsonObject spec, string path, FieldErrors errors)
    {
        if (spec.Flag("hostUsers") != false)
        {
            return;
        }
        foreach (var field in (string[])["hostNetwork", "hostPID", "hostIPC"])
        {
            if (spec.Flag(field) == true)
            {
                errors.Forbidden($"{path}.{(field == "hostNetwork" ? field : char.ToUpperInvariant(field[0]) + field[1..])}", Shared);
            }
        }
        foreach (var list in (string[])["containers", "initContainers"])
        {
            foreach (var (container, at) in spec.Indexed(list, path))
            {
                if (container.List("volumeDevices") is { Count: > 0 })
                {
                    errors.Forbidden($"{at}.volumeDevices", Shared);
                }
            }
        }
    }

    private static void Sysctls(JsonObject spec, string path, FieldErrors errors)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (sysctl, at) in spec.Child("securityContext").Indexed("sysctls", path))
        {
            var name = sysctl.Text("name");
            if (name.Length == 0)
            {
                errors.Required($"{at}.name");
            }
            else if (name.Length > MaxSysctl || !SysctlName().IsMatch(name))
            {
                errors.Invalid($"{at}.name", name, $"must have at most {MaxSysctl} characters and match regex {SysctlForm}");
            }
            else if (!names.Add(name))
            {
                errors.Duplicate($"{at}.name", name);
            }
            // With a slash as the separator, dots belong to the names.
            var slashed =
                name.IndexOf('/', StringComparison.Ordinal) is var slash and >= 0
                && name.IndexOf('.', StringComparison.Ordinal) is var dot
                && (dot < 0 || slash < dot);
            var dotted = slashed ? name.Replace('/', '.') : name;
            if (spec.Flag("hostNetwork") == true && dotted.StartsWith("net.", StringComparison.Ordinal))
            {
                errors.Invalid($"{at}.name", name, "may not be specified when 'hostNetwork' is true");
            }
            if (spec.Flag("hostIPC") == true && IsOfIpc(dotted))
            {
                errors.Invalid($"{at}.name", name, "may not be specified when 'hostIPC' is true");
            }
        }
    }

    private static bool IsOfIpc(string name) =>
        name == "kernel.sem"
        || new[] { "kernel.shm", "kernel.msg", "fs.mqueue." }.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal));

    private static void OfSystem(JsonObject spec, string path, FieldErrors errors)
    {
        var context = spec.Child("securityContext");
        var containers = new[] { "initContainers", "containers", "ephemeralContainers" }
            .SelectMany(list => spec.Indexed(list, path))
            .Select(c => (Context: c.Value.Child("securityContext"), Path: $"{c.Path}.securityContext"))
            .ToList();
        switch (spec.Child("os").Text("name"))
        {
            case "windows":
                Forbid(context, LinuxOfPod, $"{path}.securityContext", NotWindows, errors);
                Forbid(spec, LinuxOfSpec, path, NotWindows, errors);
                foreach (var field in new[] { "hostPID", "hostIPC" }.Where(f => spec.Flag(f) == true))
                {
                    errors.Forbidden($"{path}.{field}", NotWindows);
                }
                foreach (var (own, at) in containers)
                {
                    Forbid(own, LinuxOfContainer, at, NotWindows, errors);
                }
                break;
            case "linux":
                Forbid(context, ["windowsOptions"], $"{path}.securityContext", NotLinux, errors);
                foreach (var (own, at) in containers)
                {
                    Forbid(own, ["windowsOptions"], at, NotLinux, errors);
                }
                break;
        }
    }

    private static void Forbid(JsonObject? value, string[] fields, string path, string why, FieldErrors errors)
    {
        foreach (var field in fields.Where(f => value.Has(f)))
        {
            errors.Forbidden($"{path}.{field}", why);
        }
    }

    [GeneratedRegex("^(?:" + SysctlForm + @")\z")]
    private static partial Regex SysctlName();
}
