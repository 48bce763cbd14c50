using Petrel.ApiServer.Admission;
using Petrel.ApiServer.Admission.Certificates;
using Petrel.ApiServer.Admission.Defaults;
using Petrel.ApiServer.Admission.Limits;
using Petrel.ApiServer.Admission.NodeRestriction;
using Petrel.ApiServer.Admission.Pods;
using Petrel.ApiServer.Admission.PodSecurity;
using Petrel.ApiServer.Admission.Quotas;
using Petrel.ApiServer.Admission.ServiceAccounts;
using Petrel.ApiServer.Admission.Webhooks;
using Petrel.ApiServer.Authorization;

namespace Petrel.ApiServer.Composition;

/// <summary>All admission plugins, in upstream's order. Adding one costs its file and its row here.</summary>
internal static class AdmissionPlugins
{
    public static IReadOnlyList<IAdmissionPlugin> Create(ServerParameters parameters, ClusterAuthorizer authorizer)
    {
        var (options, store, kinds, caches) = (parameters.Options, parameters.Store, parameters.Kinds, parameters.Caches);
        var (time, entropy, log) = (parameters.Time, parameters.Entropy, parameters.Log);
        var services = new WebhookServices(kinds, caches, entropy);
        var webhooks = new WebhookDispatcher(store, kinds, time, entropy, parameters.Webhooks, log, services);
        return
        [
            new TerminatingDefinitions(store, kinds),
            new NamespaceLifecycle(store, kinds),
            new CertificateRequester(),
            new RbacEscalation(caches, authorizer),
            new LimitRanger(store, kinds),
            new ServiceAccountAdmission(options, store, kinds, time, entropy),
            new NodeRestrictionAdmission(store, kinds, new TokenAudiences(options, store, kinds, authorizer)),
            new PodSecurityAdmission(store, kinds, caches, log),
            new PriorityPlugin(store, kinds),
            new DefaultTolerationSeconds(options),
            new DefaultStorageClass(store, kinds),
            new RuntimeClassPlugin(store, kinds),
            new SignerRights(authorizer),
            new CertificateConditions(time),
            new CertificateSubjectRestriction(),
            new DefaultIngressClass(store, kinds),
            new MutatingWebhooks(new WebhookSource(kinds, caches, "mutatingwebhookconfigurations"), webhooks),
            new ValidatingWebhooks(new WebhookSource(kinds, caches, "validatingwebhookconfigurations"), webhooks),
            new ResourceQuotaPlugin(store, kinds, time),
        ];
    }
}
