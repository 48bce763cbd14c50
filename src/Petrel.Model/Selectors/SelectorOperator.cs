namespace Petrel.Model.Selectors;

/// <summary>What a selector requires of one key.</summary>
public enum SelectorOperator
{
    In,
    NotIn,
    Exists,
    DoesNotExist,
    GreaterThan,
    LessThan,
}
