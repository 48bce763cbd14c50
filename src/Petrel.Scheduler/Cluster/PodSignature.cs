using System.Text;
using k8s;
using k8s.Models;
using Petrel.Workloads;

namespace Petrel.Scheduler.Cluster;

/// <summary>
/// Everything of a pod that filters and scores look at, as text (upstream: the sign plugins). What no plugin reads is left out, so that
/// the pods of one owner share a signature: names, environment, commands, and volumes that restrict no node. A plugin that looks at more
/// adds it here, or marks its plans volatile.
/// </summary>
internal static class PodSignature
{
    public static string Of(PodInfo pod)
    {
        var spec = pod.Pod.Spec;
        var text = new StringBuilder(256);
        text.Append(pod.Key.Namespace)
            .Append('\n')
            .Append(spec.SchedulerName)
            .Append('\n')
            .Append(pod.Priority)
            .Append('\n')
            .Append(spec.PreemptionPolicy);
        Add(text, 'l', pod.Labels);
        Add(text, 'r', pod.Requests);
        Add(text, 'z', pod.NonZero);
        foreach (var port in pod.HostPorts)
        {
            text.Append("\np").Append(port.Address).Append(' ').Append(port.Protocol).Append(' ').Append(port.Port);
        }
        if (spec.NodeSelector is { Count: > 0 } selector)
        {
            Add(text, 's', selector);
        }
        foreach (var toleration in spec.Tolerations ?? [])
        {
            text.Append("\nt")
                .Append(toleration.Key)
                .Append(' ')
                .Append(toleration.OperatorProperty)
                .Append(' ')
                .Append(toleration.Value)
                .Append(' ')
                .Append(toleration.Effect);
        }
        foreach (var container in spec.InitContainers ?? [])
        {
            text.Append("\ni").Append(container.Image);
        }
        foreach (var container in spec.Containers ?? [])
        {
            text.Append("\nc").Append(container.Image);
        }
        foreach (var volume in spec.Volumes ?? [])
        {
            if (volume.Image is not null)
            {
                text.Append("\nv").Append(volume.Image.Reference);
            }
        }
        foreach (var claim in pod.Claims)
        {
            text.Append("\nm").Append(claim.Name);
        }
        foreach (var disk in PodVolumes.DisksOf(pod.Pod))
        {
            text.Append("\nd").Append(KubernetesJson.Serialize(disk));
        }
        if (spec.Affinity is not null)
        {
            text.Append("\na").Append(KubernetesJson.Serialize(spec.Affinity));
        }
        if (spec.TopologySpreadConstraints is { Count: > 0 } constraints)
        {
            text.Append("\nx").Append(KubernetesJson.Serialize(constraints));
        }
        else
        {
            // The default spread constraints count the pods of the owner.
            text.Append("\no").Append(pod.OwnerUid);
        }
        return text.ToString();
    }

    private static void Add(StringBuilder text, char what, IEnumerable<KeyValuePair<string, string>> labels)
    {
        foreach (var (key, value) in labels)
        {
            text.Append('\n').Append(what).Append(key).Append('=').Append(value);
        }
    }

    private static void Add(StringBuilder text, char what, ResourceList amounts)
    {
        text.Append('\n')
            .Append(what)
            .Append(amounts.MilliCpu)
            .Append(' ')
            .Append(amounts.Memory)
            .Append(' ')
            .Append(amounts.EphemeralStorage);
        if (amounts.Others is { } others)
        {
            foreach (var (name, amount) in others)
            {
                text.Append(' ').Append(name).Append('=').Append(amount);
            }
        }
    }
}
