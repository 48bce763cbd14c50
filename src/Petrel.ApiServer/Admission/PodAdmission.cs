using Petrel.ApiServer.Kinds;

namespace Petrel.ApiServer.Admission;

/// <summary>Every new pod runs as a service account, the default one when it names none (upstream's ServiceAccount admission).</summary>
internal sealed class PodAdmission : IAdmissionPlugin
{
    public string Name => "ServiceAccount";

    public bool Handles(AdmissionRequest request) => request.Creates("", "pods")
        && request.Object.Child("metadata").Child("annotations")?.ContainsKey("kubernetes.io/config.mirror") != true;

    public ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        var spec = request.Object!.Ensure("spec");
        if (spec.Text("serviceAccountName").Length == 0)
        {
            spec["serviceAccountName"] = spec.Text("serviceAccount") is { Length: > 0 } old ? old : "default";
        }
        // The deprecated name of the field is kept in step.
        spec["serviceAccount"] = spec.Text("serviceAccountName");
        return ValueTask.CompletedTask;
    }
}
