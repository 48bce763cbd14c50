using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Core;
using Petrel.ApiServer.Kinds.Syntax;
using Petrel.ApiServer.Kinds.Validation;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Kinds.Pods;

/// <summary>Upstream's rules for a pod's containers.</summary>
internal static class ContainerValidation
{
    private const string OnlySidecars = "may not be set for init containers without restartPolicy=Always";

    private static readonly string[] PullPolicies = ["Always", "IfNotPresent", "Never"];
    private static readonly string[] MessagePolicies = ["FallbackToLogsOnError", "File"];
    private static readonly string[] RestartPolicies = ["Always", "Never", "OnFailure"];
    private static readonly string[] ProcMounts = ["Default", "Unmasked"];
    private static readonly string[] Protocols = ["SCTP", "TCP", "UDP"];

    /// <summary>Checks all containers of a spec; <paramref name="volumes"/> are the names that mounts may use.</summary>
    public static void Containers(JsonObject spec, string path, IReadOnlySet<string> volumes, bool isPod, FieldErrors errors)
    {
        if ((spec.List("containers")?.Count ?? 0) == 0)
        {
            errors.Required($"{path}.containers");
        }
        var names = new HashSet<string>(StringComparer.Ordinal);
        var hostPorts = new HashSet<string>(StringComparer.Ordinal);
        var hostNetwork = spec.Flag("hostNetwork") == true;
        foreach (var (container, at) in spec.Indexed("initContainers", path))
        {
            Container(container, at, names, volumes, errors);
            ProcMount(container.Child("securityContext"), $"{at}.securityContext", spec.Flag("hostUsers") == false, errors);
            InitOnly(container, at, errors);
        }
        foreach (var (container, at) in spec.Indexed("containers", path))
        {
            Container(container, at, names, volumes, errors);
            ProcMount(container.Child("securityContext"), $"{at}.securityContext", spec.Flag("hostUsers") == false, errors);
            ProbeValidation.Probes(container, at, errors);
            Lifecycle(container, at, errors);
            HostPorts(container, at, hostPorts, hostNetwork, isPod, errors);
        }
    }

    private static void Container(
        JsonObject container,
        string path,
        HashSet<string> names,
        IReadOnlySet<string> volumes,
        FieldErrors errors
    )
    {
        var name = container.Text("name");
        if (name.Length == 0)
        {
            errors.Required($"{path}.name");
        }
        else if (NameSyntax.LabelProblem(name) is { } problem)
        {
            errors.Invalid($"{path}.name", name, problem);
        }
        else if (!names.Add(name))
        {
            errors.Duplicate($"{path}.name", name);
        }
        var image = container.Text("image");
        if (image.Length == 0)
        {
            errors.Required($"{path}.image");
        }
        else if (image != image.Trim())
        {
            errors.Invalid($"{path}.image", image, "must not have leading or trailing whitespace");
        }
        Choice(container, "imagePullPolicy", PullPolicies, path, errors);
        Choice(container, "terminationMessagePolicy", MessagePolicies, path, errors);
        if (container.Has("restartPolicy"))
        {
            Choice(container, "restartPolicy", RestartPolicies, path, errors);
        }
        RestartRuleValidation.Validate(container, path, errors);
        Ports(container, path, errors);
        EnvironmentValidation.Variables(container, path, errors);
        VolumeValidation.Mounts(container, path, volumes, errors);
        Quantities.Requirements(container.Child("resources"), $"{path}.resources", errors);
        Security(container.Child("securityContext"), $"{path}.securityContext", errors);
    }

    private static void Choice(JsonObject container, string field, string[] supported, string path, FieldErrors errors)
    {
        var value = container.Text(field);
        if (value.Length == 0)
        {
            errors.Required($"{path}.{field}");
        }
        else if (!supported.Contains(value))
        {
            errors.NotSupported($"{path}.{field}", value, supported);
        }
    }

    /// <summary>Init containers run to completion, so that only sidecars may have probes and lifecycle hooks.</summary>
    private static void InitOnly(JsonObject container, string path, FieldErrors errors)
    {
        if (container.Text("restartPolicy") == "Always")
        {
            ProbeValidation.Probes(container, path, errors);
            Lifecycle(container, path, errors);
            return;
        }
        foreach (var field in new[] { "lifecycle", "livenessProbe", "readinessProbe", "startupProbe" })
        {
            if (container.Has(field))
            {
                errors.Forbidden($"{path}.{field}", OnlySidecars);
            }
        }
    }

    private static void Lifecycle(JsonObject container, string path, FieldErrors errors)
    {
        foreach (var name in new[] { "postStart", "preStop" })
        {
            if (container.Child("lifecycle").Child(name) is { } handler)
            {
                ProbeValidation.Handler(handler, $"{path}.lifecycle.{name}", errors);
            }
        }
    }

    private static void Ports(JsonObject container, string path, FieldErrors errors)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (port, at) in container.Indexed("ports", path))
        {
            var name = port.Text("name");
            if (name.Length > 0)
            {
                var problems = NameSyntax.PortNameProblems(name).ToArray();
                foreach (var problem in problems)
                {
                    errors.Invalid($"{at}.name", name, problem);
                }
                if (problems.Length == 0 && !names.Add(name))
                {
                    errors.Duplicate($"{at}.name", name);
                }
            }
            var number = port.Number("containerPort") ?? 0;
            if (number == 0)
            {
                errors.Required($"{at}.containerPort");
            }
            else if (NameSyntax.PortProblem(number) is { } problem)
            {
                errors.Invalid($"{at}.containerPort", number, problem);
            }
            if (port.Number("hostPort") is not (null or 0) and var hostPort && NameSyntax.PortProblem(hostPort.Value) is { } hostProblem)
            {
                errors.Invalid($"{at}.hostPort", hostPort, hostProblem);
            }
            if (port.Text("protocol").Length == 0)
            {
                errors.Required($"{at}.protocol");
            }
            else if (!Protocols.Contains(port.Text("protocol")))
            {
                errors.NotSupported($"{at}.protocol", port.Text("protocol"), Protocols);
            }
        }
    }

    /// <summary>A node has each host port once; with the host's network every container port is a host port.</summary>
    private static void HostPorts(
        JsonObject container,
        string path,
        HashSet<string> taken,
        bool hostNetwork,
        bool isPod,
        FieldErrors errors
    )
    {
        foreach (var (port, at) in container.Indexed("ports", path))
        {
            var hostPort = port.Number("hostPort") ?? 0;
            if (hostNetwork && (isPod || hostPort != 0) && hostPort != port.Number("containerPort"))
            {
                errors.Invalid($"{at}.hostPort", hostPort, "must match `containerPort` when `hostNetwork` is true");
            }
            var key = $"{port.Text("protocol")}/{port.Text("hostIP")}/{hostPort}";
            if (hostPort != 0 && !taken.Add(key))
            {
                errors.Duplicate($"{at}.hostPort", key);
            }
        }
    }

    private static void ProcMount(JsonObject? context, string path, bool hasOwnUsers, FieldErrors errors)
    {
        if (context.Text("procMount") is { Length: > 0 } procMount)
        {
            if (!ProcMounts.Contains(procMount))
            {
                errors.NotSupported($"{path}.procMount", procMount, ProcMounts);
            }
            if (procMount == "Unmasked" && !hasOwnUsers)
            {
                errors.Invalid($"{path}.procMount", procMount, "`hostUsers` must be false to use `Unmasked`");
            }
        }
    }

    private static void Security(JsonObject? context, string path, FieldErrors errors)
    {
        SecurityValidation.Container(context, path, errors);
        if (context.Flag("allowPrivilegeEscalation") != false)
        {
            return;
        }
        if (context.Flag("privileged") == true)
        {
            errors.Invalid(path, context, "cannot set `allowPrivilegeEscalation` to false and `privileged` to true");
        }
        if (context.Child("capabilities").Texts("add").Contains("CAP_SYS_ADMIN"))
        {
            errors.Invalid(path, context, "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN");
        }
    }
}
