using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Admission.PodSecurity;

/// <summary>Where workloads keep their pod templates.</summary>
internal static class WorkloadTemplates
{
    public static bool IsWorkload(KindDefinition kind) =>
        (kind.Gvk.Group, kind.Plural) switch
        {
            ("", "replicationcontrollers" or "podtemplates") => true,
            ("apps", "deployments" or "replicasets" or "statefulsets" or "daemonsets") => true,
            ("batch", "jobs" or "cronjobs") => true,
            _ => false,
        };

    /// <summary>The template of a workload; null when it has none.</summary>
    public static JsonObject? Of(KindDefinition kind, JsonObject workload) =>
        kind.Plural switch
        {
            "podtemplates" => workload.Child("template"),
            "cronjobs" => workload.Child("spec").Child("jobTemplate").Child("spec").Child("template"),
            _ => workload.Child("spec").Child("template"),
        };
}
