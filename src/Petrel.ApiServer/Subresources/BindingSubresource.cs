using System.Text.Json.Nodes;
using Petrel.ApiServer.Admission;
using Petrel.ApiServer.Dispatching;
using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.Kinds.Core;
using Petrel.ApiServer.Objects;
using Petrel.ApiServer.Requests;
using Petrel.ApiServer.Responses;
using Petrel.ApiServer.Verbs;
using Petrel.Model;
using Petrel.Model.Api;
using Petrel.Model.Documents;
using Petrel.Model.Schema;

namespace Petrel.ApiServer.Subresources;

/// <summary>
/// POST of <c>pods/NAME/binding</c>, or of <c>bindings</c>: assigns a pod to a node, once, and records that it is scheduled.
/// </summary>
internal sealed class BindingSubresource(TimeProvider time, UpdateEngine engine, AdmissionChain admission) : IResourceHandler
{
    private static readonly GroupVersionKind BindingKind = new("", "v1", "Binding");

    public static SubresourceDefinition Definition { get; } =
        new("binding", ["create"]) { BelongsTo = static kind => ReferenceEquals(kind, PodKind.Definition), Kind = BindingKind };

    /// <inheritdoc/>
    public ValueTask<ApiResponse> HandleAsync(ResourceRequest request, CancellationToken cancellationToken) =>
        BindAsync(request.Http, request.Key.Namespace, request.Key.Name, cancellationToken);

    /// <param name="request">The request.</param>
    /// <param name="namespaceName">The pod's namespace.</param>
    /// <param name="podName">The pod, or empty when the name in the binding's metadata says it.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    public async ValueTask<ApiResponse> BindAsync(
        ApiRequest request,
        string namespaceName,
        string podName,
        CancellationToken cancellationToken
    )
    {
        var pods = PodKind.Definition;
        var call = WriteCall.Read(request, "CreateOptions", "binding");
        var binding = BodyDecoder.Decode(request, BindingKind, KubernetesSchemas.ForKind(BindingKind)!).Document;
        var name = binding.Metadata().Text("name") is { Length: > 0 } named ? named : podName;
        MetadataRules.CheckPath(binding, pods, new(namespaceName, podName));
        Validate(binding, name);
        var admitted = new AdmissionRequest
        {
            Kind = pods,
            Key = new(namespaceName, name),
            Operation = AdmissionOperation.Create,
            Call = call,
            Object = binding,
        };
        await admission.AdmitAsync(admitted, cancellationToken);
        // A webhook may have changed the node.
        var target = Validate(binding, name);
        await admission.ValidateAsync(admitted, cancellationToken);
        await engine.RunAsync(
            pods,
            new(namespaceName, name),
            UpdateScope.Server,
            call,
            pod =>
            {
                Assign(pod, name, target, binding);
                return pod;
            },
            cancellationToken
        );
        return ObjectResponses.Success(201);
    }

    private static string Validate(JsonObject binding, string name)
    {
        var target = binding.Child("target");
        var errors = new FieldErrors();
        var kind = target.Text("kind") ?? "";
        if (kind is not ("" or "Node"))
        {
            errors.NotSupported("target.kind", kind, "Node", "<empty>");
        }
        if (target is null || target.Text("name").Length == 0)
        {
            errors.Required("target.name");
        }
        return errors.Any ? throw StatusErrors.Invalid(BindingKind, name, errors.All) : target!.Text("name");
    }

    private void Assign(JsonObject pod, string name, string node, JsonObject binding)
    {
        StatusException Refused(string why) => StatusErrors.Conflict("", "pods/binding", name, why);

        if (binding.Metadata().Text("uid") is { Length: > 0 } uid && uid != pod.Metadata().Text("uid"))
        {
            throw Refused($"Precondition failed: UID in precondition: {uid}, UID in object meta: {pod.Metadata().Text("uid")}");
        }
        if (binding.Metadata().Text("resourceVersion") is { Length: > 0 } version && version != pod.Metadata().Text("resourceVersion"))
        {
            throw Refused("the object has been modified; please apply your changes to the latest version and try again");
        }
        if (pod.Metadata()["deletionTimestamp"] is not null)
        {
            throw Refused($"pod {name} is being deleted, cannot be assigned to a host");
        }
        var spec = pod.Ensure("spec");
        if (spec.Text("nodeName") is { Length: > 0 } assigned)
        {
            throw Refused($"pod {name} is already assigned to node \"{assigned}\"");
        }
        if (spec["schedulingGates"] is JsonArray { Count: > 0 })
        {
            throw Refused($"pod {name} has non-empty .spec.schedulingGates");
        }
        spec["nodeName"] = node;
        if (binding.Metadata().Child("annotations") is { } annotations)
        {
            var target = pod.Metadata().Ensure("annotations");
            foreach (var (key, value) in annotations)
            {
                target[key] = value?.DeepClone();
            }
        }
        var status = pod.Ensure("status");
        // The nomination is obsolete now (upstream: ClearingNominatedNodeNameAfterBinding).
        status.Remove("nominatedNodeName");
        SetScheduled(status);
    }

    private void SetScheduled(JsonObject status) =>
        Conditions.Set(
            status,
            new JsonObject
            {
                ["type"] = "PodScheduled",
                ["status"] = "True",
                ["lastProbeTime"] = null,
                ["lastTransitionTime"] = time.GetUtcNow().ToTimestamp(),
            }
        );
}
