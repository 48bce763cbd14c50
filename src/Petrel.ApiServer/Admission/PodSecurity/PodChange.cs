using System.Text.Json.Nodes;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Admission.PodSecurity;

/// <summary>Distinguishes pod updates that the standards cover from those that need no check.</summary>
internal static class PodChange
{
    private const string SeccompPod = "seccomp.security.alpha.kubernetes.io/pod";
    private const string SeccompContainer = "container.seccomp.security.alpha.kubernetes.io/";

    /// <summary>Whether an allowed pod must be checked again: its images, containers or profiles changed.</summary>
    public static bool IsSignificant(JsonObject pod, JsonObject old)
    {
        var (annotations, oldAnnotations) = (pod.Child("metadata").Child("annotations"), old.Child("metadata").Child("annotations"));
        var (spec, oldSpec) = (pod.Child("spec"), old.Child("spec"));

        bool Differs(JsonObject container, JsonObject before) =>
            container.Text("image") != before.Text("image") || AnnotationDiffers(SeccompContainer + container.Text("name"));

        bool AnnotationDiffers(string name) => annotations.Text(name) != oldAnnotations.Text(name);

        if (AnnotationDiffers(SeccompPod))
        {
            return true;
        }
        foreach (var list in (string[])["containers", "initContainers"])
        {
            var (now, before) = (spec.Objects(list).ToArray(), oldSpec.Objects(list).ToArray());
            if (now.Length != before.Length || now.Zip(before).Any(pair => Differs(pair.First, pair.Second)))
            {
                return true;
            }
        }
        var ephemeral = oldSpec.Objects("ephemeralContainers").ToDictionary(c => c.Text("name"));
        return spec.Objects("ephemeralContainers").Any(c => !ephemeral.TryGetValue(c.Text("name"), out var before) || Differs(c, before));
    }
}
