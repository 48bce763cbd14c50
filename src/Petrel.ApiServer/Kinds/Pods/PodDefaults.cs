using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Core;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Kinds.Pods;

/// <summary>Upstream's defaults of pods and of pod templates. Every method may run again without changing anything.</summary>
internal static class PodDefaults
{
    private static readonly string[] ContainerLists = ["initContainers", "containers", "ephemeralContainers"];

    /// <summary>What only pods themselves get, not templates.</summary>
    public static void Pod(JsonObject document)
    {
        var spec = document.Ensure("spec");
        Spec(spec);
        spec.Fill("enableServiceLinks", true);
        foreach (var container in ContainerLists.SelectMany(list => spec.Objects(list)))
        {
            RequestsFromLimits(container.Ensure("resources"));
            if (spec.Flag("hostNetwork") == true)
            {
                foreach (var port in container.Objects("ports"))
                {
                    port.FillZero("hostPort", port.Number("containerPort") ?? 0);
                }
            }
        }
        if (spec.Child("resources") is { } resources)
        {
            PodLevelRequests(spec, resources);
        }
    }

    /// <summary>The template of a workload's spec.</summary>
    public static void Template(JsonObject workloadSpec)
    {
        if (workloadSpec.Child("template") is { } template)
        {
            template.Ensure("metadata");
            Spec(template.Ensure("spec"));
        }
    }

    private static void Spec(JsonObject spec)
    {
        spec.Fill("restartPolicy", "Always");
        spec.Fill("terminationGracePeriodSeconds", 30);
        spec.Fill("dnsPolicy", "ClusterFirst");
        spec.Ensure("securityContext");
        spec.Fill("schedulerName", "default-scheduler");
        // Keep the deprecated field equal.
        var account = spec.Text("serviceAccountName") is { Length: > 0 } name ? name : spec.Text("serviceAccount");
        if (account.Length > 0)
        {
            spec["serviceAccountName"] = account;
            spec["serviceAccount"] = account;
        }
        foreach (var container in ContainerLists.SelectMany(list => spec.Objects(list)))
        {
            Container(container);
        }
        foreach (var volume in spec.Objects("volumes"))
        {
            VolumeDefaults.Volume(volume);
        }
    }

    private static void Container(JsonObject container)
    {
        container.Ensure("resources");
        container.Fill("terminationMessagePath", "/dev/termination-log");
        container.Fill("terminationMessagePolicy", "File");
        container.Fill("imagePullPolicy", PullPolicy(container.Text("image")));
        RoundToMilli(container.Child("resources").Child("limits"));
        RoundToMilli(container.Child("resources").Child("requests"));
        foreach (var port in container.Objects("ports"))
        {
            port.Fill("protocol", "TCP");
        }
        foreach (var variable in container.Objects("env"))
        {
            variable.Child("valueFrom").Child("fieldRef")?.Fill("apiVersion", "v1");
            variable.Child("valueFrom").Child("fileKeyRef")?.Fill("optional", false);
        }
        foreach (var name in new[] { "livenessProbe", "readinessProbe", "startupProbe" })
        {
            if (container.Child(name) is { } probe)
            {
                Probe(probe);
            }
        }
        foreach (var name in new[] { "postStart", "preStop" })
        {
            HttpGet(container.Child("lifecycle").Child(name).Child("httpGet"));
        }
    }

    private static void Probe(JsonObject probe)
    {
        probe.FillZero("timeoutSeconds", 1);
        probe.FillZero("periodSeconds", 10);
        probe.FillZero("successThreshold", 1);
        probe.FillZero("failureThreshold", 3);
        HttpGet(probe.Child("httpGet"));
        if (probe.Child("grpc") is { } grpc && !grpc.Has("service"))
        {
            grpc["service"] = "";
        }
    }

    private static void HttpGet(JsonObject? action)
    {
        action?.Fill("path", "/");
        action?.Fill("scheme", "HTTP");
    }

    /// <summary>Always for images without a tag and for <c>:latest</c>, which may change; else IfNotPresent.</summary>
    public static string PullPolicy(string image)
    {
        if (image.Contains('@', StringComparison.Ordinal))
        {
            return "IfNotPresent";
        }
        var name = image[(image.LastIndexOf('/') + 1)..];
        var colon = name.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 || name[(colon + 1)..] is "latest" ? "Always" : "IfNotPresent";
    }

    private static void RequestsFromLimits(JsonObject resources)
    {
        foreach (var (name, limit) in resources.Child("limits")?.ToArray() ?? [])
        {
            var requests = resources.Ensure("requests");
            if (!requests.Has(name))
            {
                requests[name] = limit?.DeepClone();
            }
        }
    }

    /// <summary>A pod's own requests follow those of its containers, then its own limits.</summary>
    private static void PodLevelRequests(JsonObject spec, JsonObject resources)
    {
        if (resources.Child("limits") is null && resources.Child("requests") is null)
        {
            return;
        }
        foreach (var name in new[] { "cpu", "memory" })
        {
            if (resources.Child("requests").Has(name))
            {
                continue;
            }
            var ofContainers = PodResources.Requests(spec, name);
            var request = !ofContainers.IsZero ? ofContainers.ToString() : resources.Child("limits").Text(name);
            if (request.Length > 0)
            {
                resources.Ensure("requests")[name] = request;
            }
        }
    }

    /// <summary>Round up to thousandths.</summary>
    private static void RoundToMilli(JsonObject? quantities)
    {
        foreach (var (name, value) in quantities?.ToArray() ?? [])
        {
            if (
                Quantity.TryParse(NodeFields.AsText(value), out var quantity)
                && Quantity.FromMilli(quantity.MilliValue, quantity.Format) is var rounded
                && rounded > quantity
                && quantity.MilliValue < long.MaxValue
            )
            {
                quantities![name] = rounded.ToString();
            }
        }
    }
}
