using Petrel.ApiServer.Admission.Certificates;
using Petrel.ApiServer.Admission.Defaults;
using Petrel.ApiServer.Admission.Limits;
using Petrel.ApiServer.Admission.NodeRestriction;
using Petrel.ApiServer.Admission.Pods;
using Petrel.ApiServer.Admission.PodSecurity;
using Petrel.ApiServer.Admission.Quotas;
using Petrel.ApiServer.Admission.ServiceAccounts;
using Petrel.ApiServer.Admission.Webhooks;

namespace Petrel.ApiServer.Admission;

/// <summary>All admission plugins, in upstream's order.</summary>
internal sealed class AdmissionChain(ServerParts parts)
{
    private readonly IAdmissionPlugin[] _plugins =
    [
        new NamespaceLifecycle(parts),
        new CertificateRequester(),
        new RbacEscalation(parts),
        new LimitRanger(parts),
        new ServiceAccountAdmission(parts),
        new NodeRestrictionAdmission(parts),
        new PodSecurityAdmission(parts),
        new PriorityPlugin(parts),
        new DefaultTolerationSeconds(parts.Options),
        new DefaultStorageClass(parts),
        new RuntimeClassPlugin(parts),
        new SignerRights(parts),
        new CertificateConditions(parts.Time),
        new CertificateSubjectRestriction(),
        new DefaultIngressClass(parts),
        new MutatingWebhooks(parts),
        new ValidatingWebhooks(parts),
        new ResourceQuotaPlugin(parts),
    ];

    /// <summary>The mutating stage. When webhooks changed something it runs once more, so that all see the object as it is then.</summary>
    public async ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        await AdmitOnceAsync(request, cancellationToken);
        if (request.Webhooks is { NeedsSecond: true } rounds)
        {
            rounds.BeginSecond();
            await AdmitOnceAsync(request, cancellationToken);
        }
    }

    /// <summary>The validating stage.</summary>
    public async ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        foreach (var plugin in _plugins)
        {
            if (plugin.Handles(request))
            {
                await plugin.ValidateAsync(request, cancellationToken);
            }
        }
    }

    private async ValueTask AdmitOnceAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        foreach (var plugin in _plugins)
        {
            if (plugin.Handles(request))
            {
                await plugin.AdmitAsync(request, cancellationToken);
            }
        }
    }
}
