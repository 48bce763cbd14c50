namespace Petrel.Model.Selectors;

/// <summary>The operator of a selector's requirement.</summary>
public enum SelectorOperator
{
    In,
    NotIn,
    Exists,
    DoesNotExist,
    GreaterThan,
    LessThan,
}
